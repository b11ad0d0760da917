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
        const isLocked = this.activeCell.is_locked;
        if (mayChange && isLocked) {
            this.warn(_t("This cell is locked. Unlock it first."));
        }
        return mayChange && !isLocked;
    }

    /** The figure of the active cell as it is typed. */
    get typed() {
        const { target } = this.activeCell;
        return writeNumber(target, target % 1 ? this.plan.decimals : 0, localization);
    }

    /** @returns {boolean} whether the text is a figure, which the active cell has then */
    type(text) {
        const value = readEntry(text, this.activeCell.target, this.plan.format);
        if (Number.isNaN(value)) {
            this.warn(_t("“%(text)s” is not a number.", { text }));
            return false;
        }
        const { active, column, totalColumn } = this.selection;
        const target = this.round(value);
        if (column < totalColumn) {
            this.plan.change([{ node_id: active.nodeId, period_index: column - 1, target }]);
        } else if (target !== this.activeCell.target) {
            this.plan.change(this.grid.divide(active.nodeId, target));
        }
        return true;
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

    /** Give every chosen cell that is not locked the target that ``figure`` says. */
    fill(figure) {
        if (!this._mayChange()) {
            return;
        }
        const { chosen } = this;
        const free = chosen.filter(({ cell }) => !cell.is_locked);
        this.plan.change(free.map(({ place, cell }) => ({ ...place, target: this.round(figure(cell)) })));
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
            return column ? writeNumber(cell.target, this.plan.decimals, localization) : node.name;
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
        this.plan.change(changes.map(({ cell, target }) => ({ ...cell.place, target })));
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
                target: cell.target,
                isLocked: cell.is_locked,
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
