import { _t } from "@web/core/l10n/translation";
import { localization } from "@web/core/l10n/localization";

import { GridData } from "./grid_data";
import { messageOf, PlanServer } from "./server";

// So many parents are asked about at once when a whole level is opened.
const PARENTS_AT_ONCE = 100;

/**
 * A sales plan as far as it was read: level by level, or what was found by its name. Whoever shows it
 * is told by ``onChange`` to do so again.
 */
export class PlanReader {
    /**
     * @param {number|undefined} id none: the plan in force that the user may look at
     * @param {Object} options
     * @param {Object} options.orm
     * @param {() => void} options.onChange
     * @param {(message: string) => void} options.onError
     * @param {number[]} [options.openIds] nodes that are to be open
     * @param {string} [options.mode] what its cells show: target, adjustment or attainment
     */
    constructor(id, { orm, onChange, onError, openIds = [], mode = "target" }) {
        Object.assign(this, { onChange, onError, mode });
        this.server = new PlanServer(orm);
        this.server.planId = id;
        this.wantedOpen = openIds;
        this.info = {};
        this.status = "loading";
        this.grid = new GridData();
    }

    get id() {
        return this.server.planId;
    }

    /** What is read next has every figure that was typed. */
    async whenSaved() {}

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
            if (!this.id && !(await this._choosePlan())) {
                this.status = "none";
                return;
            }
            const answer = await this.server.call("grid_read", { parent_node_ids: null, is_compact: true });
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

    async _choosePlan() {
        this.boards = await this.server.boards();
        this.server.planId = this.boards[0]?.id;
        return this.id;
    }

    /** Show another plan. */
    async open(id) {
        this.server.planId = id;
        this.wantedOpen = [];
        this.grid.clear();
        await this.load();
    }

    /** Read everything again, with the same nodes open. */
    async reload() {
        this.wantedOpen = this.openIds;
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
            const options = { parent_node_ids: ids, is_compact: true };
            this.grid.load(await this.server.call("grid_read", options), ids);
        } catch (error) {
            this._mark(ids, { isOpen: false });
            this.onError(messageOf(error));
        }
        this._mark(ids, { isLoading: false });
    }

    /**
     * Show only the nodes whose name has a text, or all of its words, with those above them; the tree again
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
            const answer = await this.server.call("grid_search", { text: this.searched });
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
        return this.server.call("grid_documents", { node_id: nodeId, period_index: period });
    }

    _mark(ids, values) {
        ids.forEach((id) => Object.assign(this.grid.nodes.get(id) || {}, values));
        this.grid.refreshRows();
        this.onChange();
    }
}
