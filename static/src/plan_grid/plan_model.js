import { _t } from "@web/core/l10n/translation";
import { localization } from "@web/core/l10n/localization";
import { ConnectionLostError } from "@web/core/network/rpc";

import { Conflicts } from "./conflicts";
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
     * @param {string} [options.mode] what its cells show: target, adjustment or attainment
     */
    constructor(id, { orm, onChange, onError, openIds = [], mode = "target" }) {
        Object.assign(this, { id, orm, onChange, onError });
        this.wantedOpen = openIds;
        this.mode = mode;
        this.info = {};
        this.status = "loading";
        this.grid = new GridData();
        this.history = new History();
        this.conflicts = new Conflicts();
        this.queue = new SaveQueue({
            send: (changes) => this._write(changes),
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

    /** Whether figures may be typed here; attainment is only looked at. */
    get isEditable() {
        return Boolean(this.info.is_editable) && this.mode !== "attainment";
    }

    /** The name of the figure that is typed. */
    get figure() {
        return this.mode === "adjustment" ? "adjustment" : "target";
    }

    get whyReadonly() {
        if (this.info.is_editable) {
            return _t("Attainment follows from sales and cannot be typed in.");
        }
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
        this.conflicts.clear();
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

    /**
     * Show only the nodes whose name has all words of a text, with those above them; the tree again
     * where there is none.
     */
    async search(text) {
        this.searched = text.trim();
        if (!this.searched) {
            this.grid.showAll();
            this.onChange();
            return;
        }
        try {
            await this.whenSaved();
            const answer = await this._call("grid_search", { text: this.searched });
            // Something else may have been typed meanwhile.
            if (text.trim() === this.searched) {
                this.grid.show(answer);
                this.foundMore = answer.has_more;
            }
        } catch (error) {
            this.onError(messageOf(error));
        }
        this.onChange();
    }

    /** What opens the documents that the actual of a node is made of, in a period or in all of them. */
    documents(nodeId, period) {
        return this._call("grid_documents", { node_id: nodeId, period_index: period });
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
        this.conflicts.settle(changes);
        const entry = this.grid.apply(changes);
        if (entry.length) {
            this.history.push({ changes: entry });
            this._send(entry);
        }
    }

    /** Of cells that a colleague changed meanwhile take over what he wrote. */
    keepTheirs(conflicts) {
        this.conflicts.settle(conflicts);
        this.onChange();
    }

    /** Of such cells write what was wanted over what he wrote, which has been seen by now. */
    overwriteTheirs(conflicts) {
        this.change(
            conflicts.map(({ node_id, period_index, wanted }) => ({ node_id, period_index, ...wanted }))
        );
    }

    undo() {
        return this._replay(this.history.undo(), (changes) =>
            changes
                .map(({ place, before, after }) => ({ place, before: after, after: before }))
                .reverse()
        );
    }

    redo() {
        return this._replay(this.history.redo(), (changes) => changes);
    }

    /** Typed figures are changed here and sent; what was spread is put back by the server. */
    async _replay(entry, read) {
        if (entry?.changes) {
            const changes = read(entry.changes);
            this.grid.apply(changes.map(({ place, after }) => ({ ...place, ...after })));
            this._send(changes);
        } else if (entry) {
            const { targets, expected } = entry;
            const answer = await this._inBulk("grid_restore", { targets, expected });
            if (answer) {
                Object.assign(entry, { targets: answer.before, expected: answer.after });
                this._takeConflicts(answer.conflicts);
            } else {
                // What cannot be taken back ends what can.
                this.history.clear();
            }
            this.onChange();
        }
    }

    /** @param {{place: Object, before: Object, after: Object}[]} changes made here already */
    _send(changes) {
        this.queue.push(
            changes.map(({ place, before, after }) => ({
                ...place,
                ...after,
                before: this._expected(place, before),
            }))
        );
        this.onChange();
    }

    /** What the server should find in a cell, so that nothing is changed that was not seen. */
    _expected(place, before) {
        if ("adjustment" in before) {
            return before;
        }
        const { target, is_locked } = this.grid.cell(place.node_id, place.period_index);
        return { target, is_locked: Boolean(is_locked), ...before };
    }

    async _write(changes) {
        const { cells, conflicts } = await this._call("grid_write", {
            changes,
            shown_node_ids: [...this.grid.nodes.keys()],
        });
        this._takeConflicts(conflicts);
        return cells;
    }

    /** Cells that were not changed, as somebody else had done so before. */
    _takeConflicts(conflicts) {
        if (conflicts.length) {
            this.grid.apply(conflicts.map(({ node_id, period_index, now }) => ({ node_id, period_index, ...now })));
            this.history.forget(conflicts);
            this.conflicts.add(conflicts);
        }
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
        const before = this.grid.cells.get(node.id).map((cell) => cell.target);
        const options = { node_id: node.id, period_index: periods, by, before };
        const answer = await this._inBulk("grid_spread", options);
        if (!answer) {
            return false;
        }
        if (answer.conflicts.length) {
            const [{ period, by: name }] = answer.conflicts;
            this.onError(
                _t("%(name)s changed %(node)s, %(period)s meanwhile. Nothing was spread: look at it and spread again.", {
                    name: name || _t("Somebody"),
                    node: node.name,
                    period,
                })
            );
            return false;
        }
        this.history.push({ targets: answer.before, expected: answer.after });
        return true;
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
