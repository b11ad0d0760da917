import { _t } from "@web/core/l10n/translation";
import { localization } from "@web/core/l10n/localization";
import { ConnectionLostError } from "@web/core/network/rpc";

import { GridData } from "./grid_data";
import { History } from "./history";
import { SaveQueue } from "./save_queue";

const MODEL = "o2c.sales.plan";
// So many parents are asked about at once when a whole level is opened.
const PARENTS_AT_ONCE = 50;

/**
 * A sales plan in the grid: reads it level by level, changes it at once and saves it behind, with
 * undo. Whoever shows it is told by ``onChange`` to do so again.
 */
export class PlanModel {
    /**
     * @param {number} id
     * @param {Object} options
     * @param {Object} options.orm
     * @param {() => void} options.onChange
     * @param {(message: string) => void} options.onError
     * @param {number[]} [options.openIds] nodes that are to be open
     */
    constructor(id, { orm, onChange, onError, openIds = [] }) {
        Object.assign(this, { id, orm, onChange, onError });
        this.wantedOpen = openIds;
        this.info = {};
        this.status = "loading";
        this.grid = new GridData();
        this.history = new History();
        this.queue = new SaveQueue({
            send: async (changes) => (await this._call("grid_write", { changes })).cells,
            onSaved: (cells) => this.grid.merge(cells),
            onRefused: (error) => this._onRefused(error),
            isPassing: (error) => error instanceof ConnectionLostError,
            onChange,
        });
    }

    _call(method, options) {
        return this.orm.silent.call(MODEL, method, [[this.id]], options);
    }

    // ------------------------------------------------------------------
    // What it is
    // ------------------------------------------------------------------

    get isEditable() {
        return Boolean(this.info.is_editable);
    }

    get whyReadonly() {
        return this.info.state === "draft"
            ? _t("You may read this plan, not change it.")
            : _t("This plan is approved and cannot be changed. Make a new version to plan otherwise.");
    }

    get precision() {
        return this.grid.precision;
    }

    get decimals() {
        return this.info.digits;
    }

    /** How numbers are typed and pasted here. */
    get format() {
        const { decimalPoint, thousandsSep } = localization;
        const { symbol, name } = this.info.currency || {};
        return { decimalPoint, thousandsSep, units: [symbol, name] };
    }

    get openIds() {
        return [...this.grid.nodes.values()].filter((node) => node.isOpen).map((node) => node.id);
    }

    // ------------------------------------------------------------------
    // Reading
    // ------------------------------------------------------------------

    /** Read the top of the plan and what was open. */
    async load() {
        this.status = "loading";
        try {
            const answer = await this._call("grid_read", { parent_node_ids: null });
            this.grid.clear();
            this._take(answer);
            await this._reopen();
            this.status = "ready";
        } catch (error) {
            this.status = "error";
            this.problem = messageOf(error);
        }
        this.onChange();
    }

    /** Read everything again, with the same nodes open. What was done can no more be undone. */
    async reload() {
        this.wantedOpen = this.openIds;
        this.history.clear();
        await this.load();
    }

    _take({ plan, periods, ...answer }) {
        this.info = plan;
        this.grid.periods = periods;
        this.grid.precision = plan.precision;
        this.grid.load(answer);
    }

    async _reopen() {
        const { grid } = this;
        if (!this.wantedOpen.length && grid.roots.length === 1) {
            this.wantedOpen = [...grid.roots];
        }
        const wanted = new Set(this.wantedOpen);
        for (let nodes; (nodes = grid.rows.filter((node) => wanted.delete(node.id))).length; ) {
            await this.fold(nodes, true);
        }
    }

    /** Open or fold nodes; opening reads what is not there yet. */
    async fold(nodes, isOpen) {
        const missing = isOpen ? nodes.filter((node) => !node.isLoaded && !node.isLoading) : [];
        nodes.forEach((node) => this.grid.fold(node.id, isOpen));
        for (let first = 0; first < missing.length; first += PARENTS_AT_ONCE) {
            await this._loadBelow(missing.slice(first, first + PARENTS_AT_ONCE));
        }
        this.onChange();
    }

    async _loadBelow(parents) {
        const ids = parents.map((node) => node.id);
        this._mark(ids, { isLoading: true });
        try {
            // Saved first: what is read then has every figure that was typed.
            await this.whenSaved();
            this.grid.load(await this._call("grid_read", { parent_node_ids: ids }), ids);
        } catch (error) {
            this._mark(ids, { isOpen: false });
            this.onError(messageOf(error));
        }
        this._mark(ids, { isLoading: false });
    }

    _mark(ids, values) {
        ids.forEach((id) => Object.assign(this.grid.nodes.get(id) || {}, values));
        this.grid.refreshRows();
        this.onChange();
    }

    // ------------------------------------------------------------------
    // Changing
    // ------------------------------------------------------------------

    /** Make changes now and send them to the server behind. */
    change(changes) {
        const entry = this.grid.apply(changes);
        if (entry.length) {
            this.history.push({ changes: entry });
            this._send(entry.map(({ place, after }) => ({ ...place, ...after })));
        }
    }

    undo() {
        return this._replay(this.history.undo(), (changes) =>
            changes.map(({ place, before }) => ({ ...place, ...before })).reverse()
        );
    }

    redo() {
        return this._replay(this.history.redo(), (changes) =>
            changes.map(({ place, after }) => ({ ...place, ...after }))
        );
    }

    /** Typed figures are changed here and sent; what was spread is put back by the server. */
    async _replay(entry, read) {
        if (entry?.changes) {
            const changes = read(entry.changes);
            this.grid.apply(changes);
            this._send(changes);
        } else if (entry) {
            const answer = await this._inBulk("grid_restore", { targets: entry.targets });
            if (answer) {
                entry.targets = answer.before;
            } else {
                // What cannot be taken back ends what can.
                this.history.clear();
                this.onChange();
            }
        }
    }

    _send(changes) {
        this.queue.push(changes);
        this.onChange();
    }

    /**
     * Spread a node's figures over everything below it.
     *
     * @param {Object} node
     * @param {number[]|null} periods each of these alone; null shares the whole row out again
     * @param {string} by what the shares follow
     * @returns {Promise<boolean>} whether that was done
     */
    async spread(node, periods, by) {
        const options = { node_id: node.id, period_index: periods, by };
        const answer = await this._inBulk("grid_spread", options);
        if (answer) {
            this.history.push({ targets: answer.before });
        }
        return Boolean(answer);
    }

    /** Let the server change many cells while nothing else is done. */
    async _inBulk(method, options) {
        if (!(await this.ensureSaved())) {
            return null;
        }
        this.isBusy = true;
        this.onChange();
        try {
            const shown_node_ids = [...this.grid.nodes.keys()];
            const answer = await this._call(method, { ...options, shown_node_ids });
            this.grid.merge(answer.cells);
            return answer;
        } catch (error) {
            this.onError(messageOf(error));
            return null;
        } finally {
            this.isBusy = false;
            this.onChange();
        }
    }

    // ------------------------------------------------------------------
    // Saving
    // ------------------------------------------------------------------

    get saving() {
        return this.isBusy ? "saving" : this.queue.state;
    }

    whenSaved() {
        return this.queue.flush();
    }

    /**
     * Save before something is done that needs it, such as leaving the grid.
     *
     * @returns {Promise<boolean>} whether everything is saved; says why not
     */
    async ensureSaved() {
        await this.whenSaved();
        if (this.queue.state === "stuck") {
            this.onError(_t("The last changes are not saved yet: the server cannot be reached."));
            return false;
        }
        return true;
    }

    beforeUnload(ev) {
        if (this.queue.state !== "saved") {
            ev.preventDefault();
        }
    }

    async _onRefused(error) {
        this.onError(messageOf(error));
        await this.reload();
    }
}

function messageOf(error) {
    if (error instanceof ConnectionLostError) {
        return _t("The server cannot be reached.");
    }
    return error.data?.message || error.message;
}
