import { _t } from "@web/core/l10n/translation";
import { ConnectionLostError } from "@web/core/network/rpc";

const MODEL = "o2c.sales.plan";

/** The methods of the server that a grid calls, of one plan. */
export class PlanServer {
    constructor(orm) {
        this.orm = orm.silent;
        this.planId = null;
    }

    call(method, options) {
        return this.orm.call(MODEL, method, [[this.planId]], options);
    }

    /** The plans whose attainment the user may look at. */
    boards() {
        return this.orm.call(MODEL, "grid_boards", []);
    }
}

/** Whether sending again may help. */
export function isPassing(error) {
    return error instanceof ConnectionLostError;
}

export function messageOf(error) {
    if (isPassing(error)) {
        return _t("The server cannot be reached.");
    }
    return error.data?.message || error.message;
}
