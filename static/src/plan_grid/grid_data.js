import { apportion, fromUnits, roundTo, toUnits } from "./numbers";

const FIGURES = ["target", "forecast", "actual", "last_year", "rolled_up", "adjustment"];

/**
 * The loaded part of a plan: its nodes as a tree, the figures of each and what they add up to. Pure:
 * it takes answers and changes in the form of the server's grid methods.
 *
 * A cell has its own target and, where it has others below it, what those add up to
 * (``rolled_up``): a locked one counts there with its own figure, any other with what is below it.
 */
export class GridData {
    constructor() {
        this.periods = [];
        this.precision = 0.01;
        this.hasFractions = false;
        this.clear();
    }

    clear() {
        this.nodes = new Map();
        this.cells = new Map();
        this.roots = [];
        this.found = null;
        this.refreshRows();
    }

    /**
     * Take in nodes and cells. A node whose parent is not there (the reader may not see it) is at
     * the top.
     *
     * @param {{nodes: Object[], cells: Object}} answer
     * @param {number[]} parentIds nodes whose children were asked for: loaded, even without any
     */
    load({ nodes, cells }, parentIds = []) {
        const asked = new Set(parentIds);
        for (const parentId of asked) {
            // In the order of the answer: some of them may have been found by their names before.
            Object.assign(this.nodes.get(parentId), { isLoaded: true, children: [] });
        }
        for (const values of nodes) {
            const { parent, isKnown } = this._take(values);
            if (!isKnown || asked.has(parent?.id)) {
                (parent ? parent.children : this.roots).push(values.id);
            }
            if (parent && !asked.has(parent.id)) {
                Object.assign(parent, { isLoaded: true, isOpen: true });
            }
        }
        this.merge(cells);
        this.refreshRows();
    }

    _take(values) {
        const known = this.nodes.get(values.id);
        const node = { isOpen: false, isLoaded: false, children: [], ...known, ...values };
        this.nodes.set(node.id, node);
        return { parent: this.nodes.get(node.parent_id), isKnown: Boolean(known) };
    }

    /**
     * Show only what was found by its name, with what lies above it.
     *
     * @param {{nodes: Object[], cells: Object, found_ids: number[]}} answer parents come first
     */
    show({ nodes, cells, found_ids }) {
        for (const values of nodes) {
            const { parent, isKnown } = this._take(values);
            if (!isKnown) {
                (parent ? parent.children : this.roots).push(values.id);
            }
        }
        this.merge(cells);
        const shown = new Set(nodes.map(({ id }) => id));
        const above = new Set(nodes.map(({ parent_id }) => parent_id));
        this.found = { ids: new Set(found_ids), shown, above };
        this.refreshRows();
    }

    /** Show the tree again, as it was open before. */
    showAll() {
        this.found = null;
        this.refreshRows();
    }

    /** Whether what is below a node is shown, all of it or what was found there. */
    isUnfolded(node) {
        return node.isOpen || Boolean(this.found?.above.has(node.id));
    }

    /** What is shown right below a node. */
    _shownBelow(node) {
        if (this.found?.above.has(node.id)) {
            return node.children.filter((id) => this.found.shown.has(id));
        }
        return node.isOpen ? node.children : [];
    }

    /** Take over cells as the server has them; those of nodes that are not loaded are left out. */
    merge(cells) {
        for (const [key, row] of Object.entries(cells)) {
            if (this.nodes.has(Number(key))) {
                const cells = Array.isArray(row) ? row.map((cell) => ({ ...cell })) : expand(row);
                this.cells.set(Number(key), cells);
                this.hasFractions ||= cells.some((cell) => cell.target % 1);
            }
        }
    }

    // ------------------------------------------------------------------
    // Rows
    // ------------------------------------------------------------------

    /** The nodes that are shown, from the top down. */
    get rows() {
        if (!this._rows) {
            this._rows = [];
            const top = this.roots.filter((id) => !this.found || this.found.shown.has(id));
            const stack = top.reverse();
            while (stack.length) {
                const node = this.nodes.get(stack.pop());
                this._rows.push(node);
                stack.push(...[...this._shownBelow(node)].reverse());
            }
            this._places = new Map(this._rows.map((node, place) => [node.id, place]));
        }
        return this._rows;
    }

    /** The place of a node among the rows, -1 when it is folded away. */
    rowOf(nodeId) {
        return this.rows.length ? this._places.get(nodeId) ?? -1 : -1;
    }

    fold(nodeId, isOpen) {
        this.nodes.get(nodeId).isOpen = isOpen;
        this.refreshRows();
    }

    foldAll() {
        this.nodes.forEach((node) => (node.isOpen = false));
        this.refreshRows();
    }

    /** Which rows are shown, or what they look like, has changed. */
    refreshRows() {
        this._rows = null;
        this._places = null;
    }

    // ------------------------------------------------------------------
    // Figures
    // ------------------------------------------------------------------

    cell(nodeId, period) {
        return this.cells.get(nodeId)?.[period] || null;
    }

    /** What a cell counts with in the one above it. */
    _counted(node, cell) {
        return node.has_children && !cell.is_locked ? cell.rolled_up : cell.target;
    }

    /** The sum of a node over all periods: an object like a cell. */
    rowTotal(nodeId) {
        const row = this.cells.get(nodeId) || [];
        return { ...this._sum(row), is_locked: row.length > 0 && row.every((cell) => cell.is_locked) };
    }

    /** The sum of what is at the top, in a period or (null) in all of them. */
    bottomLine(period = null) {
        return this._sum(
            this.roots.map((id) => (period === null ? this.rowTotal(id) : this.cell(id, period)) || {})
        );
    }

    _sum(cells) {
        const sums = FIGURES.map((name) => {
            const sum = cells.reduce((total, cell) => total + (cell[name] || 0), 0);
            return [name, roundTo(sum, this.precision)];
        });
        return Object.fromEntries(sums);
    }

    /** What a node's cell was given but did not share out; 0 where there is nothing below. */
    gap(nodeId, cell) {
        const { has_children: hasChildren } = this.nodes.get(nodeId);
        return hasChildren ? roundTo(cell.target - cell.rolled_up, this.precision) : 0;
    }

    // ------------------------------------------------------------------
    // Changes
    // ------------------------------------------------------------------

    /**
     * Change cells, and what they add up to above them.
     *
     * @param {{node_id: number, period_index: number, target?: number, is_locked?: boolean}[]} changes
     * @returns {{place: {node_id: number, period_index: number}, before: Object, after: Object}[]}
     *  what really changes
     */
    apply(changes) {
        const entry = [];
        for (const { node_id, period_index, ...after } of changes) {
            const cell = this.cell(node_id, period_index);
            const names = Object.keys(after);
            if (!cell || names.every((name) => cell[name] === after[name])) {
                continue;
            }
            const before = Object.fromEntries(names.map((name) => [name, cell[name]]));
            this.hasFractions ||= Boolean(after.target % 1);
            entry.push({ place: { node_id, period_index }, before, after });
            this._set(this.nodes.get(node_id), period_index, after);
        }
        return entry;
    }

    _set(start, period, values) {
        if ("adjustment" in values) {
            this._adjust(start, period, values.adjustment);
        }
        let [node, update] = [start, values];
        while (node) {
            const cell = this.cell(node.id, period);
            const was = this._counted(node, cell);
            Object.assign(cell, update);
            if (!node.has_children) {
                cell.rolled_up = cell.target;
            }
            const added = this._counted(node, cell) - was;
            node = added ? this.nodes.get(node.parent_id) : null;
            if (node) {
                const above = this.cell(node.id, period);
                update = { rolled_up: roundTo(above.rolled_up + added, this.precision) };
            }
        }
    }

    /** An adjustment counts in the forecast, here and above; what lies below the server tells. */
    _adjust(start, period, adjustment) {
        const added = adjustment - (this.cell(start.id, period).adjustment || 0);
        for (let node = start; node; node = this.nodes.get(node.parent_id)) {
            const cell = this.cell(node.id, period);
            cell.forecast = roundTo((cell.forecast || 0) + added, this.precision);
        }
    }

    /**
     * The adjustments of a row that add up to a total, in proportion to the forecast.
     *
     * @returns {Object[]}
     */
    divideAdjustment(nodeId, total) {
        const row = this.cells.get(nodeId);
        const weights = row.map(({ forecast, adjustment }) =>
            toUnits((forecast || 0) - (adjustment || 0), this.precision)
        );
        return apportion(toUnits(total, this.precision), weights).map((part, period_index) => ({
            node_id: nodeId,
            period_index,
            adjustment: fromUnits(part, this.precision),
        }));
    }

    /**
     * The changes that make a row add up to a total: what is not locked gets the rest, in proportion
     * to what stands there.
     *
     * @returns {Object[]|null} null where everything is locked and adds up to something else
     */
    divide(nodeId, total) {
        const row = this.cells.get(nodeId).map((cell, period_index) => ({ ...cell, period_index }));
        const free = row.filter((cell) => !cell.is_locked);
        const units = (cell) => toUnits(cell.target, this.precision);
        const fixed = row.reduce((sum, cell) => sum + (cell.is_locked ? units(cell) : 0), 0);
        const rest = toUnits(total, this.precision) - fixed;
        if (!free.length) {
            return rest ? null : [];
        }
        const parts = apportion(rest, free.map(units));
        return free.map(({ period_index }, place) => ({
            node_id: nodeId,
            period_index,
            target: fromUnits(parts[place], this.precision),
        }));
    }
}

/** The cells of a row that came as a list of values for each of their names. */
function expand(columns) {
    const names = Object.keys(columns);
    return columns[names[0]].map((_value, period) => {
        const cell = {};
        for (const name of names) {
            cell[name] = columns[name][period];
        }
        return cell;
    });
}
