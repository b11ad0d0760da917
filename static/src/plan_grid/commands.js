import { _t } from "@web/core/l10n/translation";
import { localization } from "@web/core/l10n/localization";

import { formatBlock, parseBlock, readBlock } from "./clipboard";
import { readEntry, roundTo, writeNumber } from "./numbers";

/** What can be done to the chosen cells of a plan. It says why something cannot be done. */
export class Commands {
    /**
     * @param {import("./plan_model").PlanModel} plan
     * @param {import("./selection").Selection} selection
     * @param {Object} options
     * @param {(message: string) => void} options.warn
     * @param {(problems: Object[]) => void} options.showProblems why a block was not pasted
     */
    constructor(plan, selection, { warn, showProblems }) {
        Object.assign(this, { plan, selection, warn, showProblems });
    }

    get grid() {
        return this.plan.grid;
    }

    get activeNode() {
        return this.grid.nodes.get(this.selection.active.nodeId);
    }

    get activeCell() {
        const { active, column, totalColumn } = this.selection;
        return column === totalColumn || column === 0
            ? this.grid.rowTotal(active.nodeId)
            : this.grid.cell(active.nodeId, column - 1);
    }

    get chosen() {
        return this.selection.places.map((place) => ({
            place,
            cell: this.grid.cell(place.node_id, place.period_index),
        }));
    }

    round(value) {
        return roundTo(value || 0, this.plan.precision);
    }

    /** The name of the figure that is typed. */
    get figure() {
        return this.plan.figure;
    }

    _mayChange() {
        if (!this.plan.isEditable) {
            this.warn(this.plan.whyReadonly);
        }
        return this.plan.isEditable && !this.plan.isBusy;
    }

    // ------------------------------------------------------------------
    // One cell
    // ------------------------------------------------------------------

    /** @returns {boolean} whether the active cell may be typed into */
    mayType() {
        const mayChange = this._mayChange();
        const isLocked = this._isLocked(this.activeCell);
        if (mayChange && isLocked) {
            this.warn(_t("This cell is locked. Unlock it first."));
        }
        return mayChange && !isLocked;
    }

    /** A lock is about targets; forecasts are adjusted nevertheless. */
    _isLocked(cell) {
        return this.figure === "target" && cell.is_locked;
    }

    /** The figure of the active cell as it is typed. */
    get typed() {
        const value = this.activeCell[this.figure] || 0;
        return writeNumber(value, value % 1 ? this.plan.decimals : 0, localization);
    }

    /** @returns {boolean} whether the text is a figure, which the active cell has then */
    type(text) {
        const present = this.activeCell[this.figure] || 0;
        const value = readEntry(text, present, this.plan.format);
        if (Number.isNaN(value)) {
            this.warn(_t("“%(text)s” is not a number.", { text }));
            return false;
        }
        const { active, column, totalColumn } = this.selection;
        const typed = this.round(value);
        if (column < totalColumn) {
            const place = { node_id: active.nodeId, period_index: column - 1 };
            this.plan.change([{ ...place, [this.figure]: typed }]);
        } else if (typed !== present) {
            this.plan.change(this._divided(active.nodeId, typed));
        }
        return true;
    }

    _divided(nodeId, total) {
        return this.figure === "target"
            ? this.grid.divide(nodeId, total)
            : this.grid.divideAdjustment(nodeId, total);
    }

    /**
     * Share what is chosen in the active row out to everything below it: each period alone, or with
     * the name or the total its periods together.
     */
    async spread(by) {
        const node = this.activeNode;
        if (!this._mayChange()) {
            return;
        }
        if (!node.has_children) {
            this.warn(_t("There is nothing below %(node)s to spread to.", { node: node.name }));
            return;
        }
        if (await this.plan.spread(node, this.selection.periods, by)) {
            await this.plan.fold([node], true);
        }
    }

    // ------------------------------------------------------------------
    // All chosen cells
    // ------------------------------------------------------------------

    /** Give every chosen cell that is not locked the figure that ``figure`` says. */
    fill(figure) {
        if (!this._mayChange()) {
            return;
        }
        const { chosen } = this;
        const free = chosen.filter(({ cell }) => !this._isLocked(cell));
        this.plan.change(
            free.map(({ place, cell }) => ({ ...place, [this.figure]: this.round(figure(cell)) }))
        );
        if (free.length < chosen.length) {
            this.warn(_t("Locked cells were left as they are."));
        }
    }

    clear() {
        this.fill(() => 0);
    }

    /** @param {string} name of the figure that becomes the target */
    fillFrom(name) {
        this.fill((cell) => cell[name]);
    }

    /** Lock the chosen cells; unlock them when all of them are locked. */
    toggleLock() {
        if (this._mayChange()) {
            const { chosen } = this;
            const is_locked = !chosen.every(({ cell }) => cell.is_locked);
            this.plan.change(chosen.map(({ place }) => ({ ...place, is_locked })));
        }
    }

    /** The cell that a colleague changed meanwhile: the active one, else the first of them. */
    get conflict() {
        const { active, column } = this.selection;
        return this.plan.conflicts.at(active.nodeId, column - 1) || this.plan.conflicts.all[0] || null;
    }

    keepTheirs(conflicts) {
        this.plan.keepTheirs(conflicts);
    }

    overwriteTheirs(conflicts) {
        const free = conflicts.filter(({ now, wanted }) => !(now.is_locked && "target" in wanted));
        this.plan.overwriteTheirs(free);
        if (free.length < conflicts.length) {
            this.warn(_t("Locked cells were left as they are."));
        }
    }

    undo() {
        return this.plan.isBusy ? undefined : this.plan.undo();
    }

    /** Send again what could not be sent. */
    save() {
        return this.plan.whenSaved();
    }

    redo() {
        return this.plan.isBusy ? undefined : this.plan.redo();
    }

    // ------------------------------------------------------------------
    // Clipboard
    // ------------------------------------------------------------------

    /** The chosen block as text for a spreadsheet. */
    copy() {
        const { top, bottom, left, right } = this.selection.block;
        const columns = Array.from({ length: right - left + 1 }, (_unused, place) => left + place);
        const textOf = (node, column) => {
            const cell = this.grid.cell(node.id, column - 1) || this.grid.rowTotal(node.id);
            const value = cell[this.figure] || 0;
            return column ? writeNumber(value, this.plan.decimals, localization) : node.name;
        };
        const nodes = this.grid.rows.slice(top, bottom + 1);
        return formatBlock(nodes.map((node) => columns.map((column) => textOf(node, column))));
    }

    /** Take over a block from a spreadsheet, all of it or nothing. */
    paste(text) {
        if (!this._mayChange()) {
            return;
        }
        const { top, left } = this.selection.block;
        const block = this._fitted(parseBlock(text));
        const { changes, problems } = readBlock(block, {
            cellAt: (row, column) => this._cellAt(top + row, left + column),
            format: this.plan.format,
            round: (value) => this.round(value),
        });
        if (problems.length) {
            this.showProblems(problems.map((problem) => this._located(problem, top, left)));
            return;
        }
        this.plan.change(changes.map(({ cell, target }) => ({ ...cell.place, [this.figure]: target })));
        const width = Math.max(...block.map((cells) => cells.length));
        this.selection.moveTo(top, left);
        this.selection.moveTo(top + block.length - 1, left + width - 1, true);
    }

    /** One figure alone goes into all chosen cells. */
    _fitted(block) {
        if (block.length > 1 || block[0].length > 1) {
            return block;
        }
        const { top, bottom, left, right } = this.selection.block;
        const row = Array(right - left + 1).fill(block[0][0]);
        return Array(bottom - top + 1).fill(row);
    }

    _cellAt(row, column) {
        const node = this.grid.rows[row];
        const cell = node && this.grid.cell(node.id, column - 1);
        return (
            cell && {
                place: { node_id: node.id, period_index: column - 1 },
                target: cell[this.figure] || 0,
                isLocked: this._isLocked(cell),
            }
        );
    }

    _located(problem, top, left) {
        return {
            ...problem,
            node: this.grid.rows[top + problem.row]?.name || "",
            period: this.grid.periods[left + problem.column - 1]?.label || "",
        };
    }
}
