import { _t } from "@web/core/l10n/translation";
import { Dialog } from "@web/core/dialog/dialog";

import { Component } from "@odoo/owl";

const SHOWN = 50;
const REASONS = {
    number: _t("is not a number"),
    locked: _t("the cell is locked"),
    outside: _t("there is no cell of a period"),
};

/** Why a block was not pasted: each of its cells that cannot be taken over. */
export class PasteProblems extends Component {
    static template = "order_to_cash.PlanGridPasteProblems";
    static components = { Dialog };
    static props = { problems: Array, close: Function };

    get title() {
        return _t("Nothing Was Pasted");
    }

    get rows() {
        return this.props.problems.slice(0, SHOWN).map((problem) => ({
            ...problem,
            reason: REASONS[problem.reason],
        }));
    }

    get more() {
        return Math.max(this.props.problems.length - SHOWN, 0);
    }
}
