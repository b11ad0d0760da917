import { _t } from "@web/core/l10n/translation";

/** The rows of the grid as its template shows them: what stands in the cells, and how they look. */
export class ShownRows {
    /** @param {import("./plan_grid").PlanGrid} view */
    constructor(view) {
        this.view = view;
    }

    get grid() {
        return this.view.plan.grid;
    }

    /** The rows near those on the screen, and the height of what is above and below them. */
    get part() {
        const { rows } = this.grid;
        const { rowHeight: height, virtualGrid } = this.view;
        virtualGrid.setRowsHeights(rows.map(() => height));
        const [first = 0, last = -1] = virtualGrid.rowsIndexes || [];
        return {
            before: first * height,
            after: Math.max(rows.length - 1 - last, 0) * height,
            rows: rows.slice(first, last + 1).map((node, place) => this._row(node, first + place)),
        };
    }

    _row(node, row) {
        const periods = [...this.grid.periods.keys(), null];
        return {
            node,
            row,
            isFound: Boolean(this.grid.found?.ids.has(node.id)),
            isUnfolded: this.grid.isUnfolded(node),
            name: this._choice(row, 0),
            cells: periods.map((period, index) => this._cell(node, period, this._choice(row, index + 1))),
        };
    }

    _cell(node, period, choice) {
        const cell = { ...this.view.figures.describe(node, period, this.view.compared), ...choice };
        const marks = {
            o2c_active: cell.isActive,
            o2c_chosen: cell.isChosen,
            o2c_locked: cell.isLocked,
            o2c_conflict: cell.isConflict,
            o2c_zero: cell.isZero,
            o2c_gap: cell.gap,
            o2c_heat: cell.isHeat,
            "o2c_total o2c_sticky": cell.isTotal,
            o2c_wrong: cell.edit?.isWrong,
            [`o2c_heat_${cell.heat}`]: cell.heat,
        };
        const className = Object.keys(marks).filter((name) => marks[name]).join(" ");
        return { ...cell, className };
    }

    _choice(row, column) {
        const { selection, state } = this.view;
        const isActive = selection.row === row && selection.column === column;
        return {
            column,
            isTotal: column === selection.totalColumn,
            isActive,
            isChosen: !selection.isOneCell && selection.has(row, column),
            edit: isActive && state.edit,
        };
    }

    /** What is known of the active cell, or what the chosen ones add up to. */
    get details() {
        const { commands, figures, selection } = this.view;
        return selection.isOneCell
            ? figures.details(commands.activeNode, commands.activeCell)
            : figures.sums(selection.places);
    }

    /** Node and period of the active cell, or the periods that are chosen. */
    get place() {
        const { commands, selection } = this.view;
        const { periods } = selection;
        const ends = periods && [periods[0], ...periods.slice(1).slice(-1)];
        const labels = ends ? ends.map((index) => this.grid.periods[index].label) : [_t("Total")];
        return `${commands.activeNode.name} · ${labels.join(" – ")}`;
    }
}
