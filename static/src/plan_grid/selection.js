import { clamp } from "@web/core/utils/numbers";

/**
 * Which cells of the grid are chosen: the active one, and the block between it and where the choice
 * began. Column 0 holds the names, then come the periods and at last the total.
 *
 * Cells are kept by node, so that the choice stays where it is when rows above it fold.
 */
export class Selection {
    /** @param {import("./grid_data").GridData} grid */
    constructor(grid) {
        this.grid = grid;
        this.active = { nodeId: null, column: 1 };
        this.anchor = this.active;
    }

    get totalColumn() {
        return this.grid.periods.length + 1;
    }

    get row() {
        return Math.max(this.grid.rowOf(this.active.nodeId), 0);
    }

    get column() {
        return this.active.column;
    }

    /** Choose a cell, or (``isExtended``) everything from where the choice began up to it. */
    moveTo(row, column, isExtended = false) {
        const { rows } = this.grid;
        if (!rows.length) {
            return;
        }
        this.active = {
            nodeId: rows[clamp(row, 0, rows.length - 1)].id,
            column: clamp(column, 0, this.totalColumn),
        };
        if (!isExtended) {
            this.anchor = this.active;
        }
    }

    move(rows, columns, isExtended = false) {
        this.moveTo(this.row + rows, this.column + columns, isExtended);
    }

    /** The next cell to type into, in the next row after the last one; backwards with -1. */
    next(step) {
        const column = this.column + step;
        if (column >= 1 && column <= this.totalColumn) {
            this.move(0, step);
        } else if (step > 0 && this.row < this.grid.rows.length - 1) {
            this.moveTo(this.row + 1, 1);
        } else if (step < 0 && this.row > 0) {
            this.moveTo(this.row - 1, this.totalColumn);
        }
    }

    /** When the active row was folded away, the choice moves up to the one that hides it. */
    keepVisible() {
        let node = this.grid.nodes.get(this.active.nodeId);
        while (node && this.grid.rowOf(node.id) < 0) {
            node = this.grid.nodes.get(node.parent_id);
        }
        const anchorRow = this.grid.rowOf(this.anchor.nodeId);
        if (!node || node.id !== this.active.nodeId || anchorRow < 0) {
            this.moveTo(node ? this.grid.rowOf(node.id) : 0, this.column);
        }
    }

    get block() {
        const rows = [this.row, Math.max(this.grid.rowOf(this.anchor.nodeId), 0)];
        const columns = [this.column, this.anchor.column];
        return {
            top: Math.min(...rows),
            bottom: Math.max(...rows),
            left: Math.min(...columns),
            right: Math.max(...columns),
        };
    }

    get isOneCell() {
        const { top, bottom, left, right } = this.block;
        return top === bottom && left === right;
    }

    has(row, column) {
        const { top, bottom, left, right } = this.block;
        return top <= row && row <= bottom && left <= column && column <= right;
    }

    /** The indexes of the chosen periods; null where the name or the total stands for them all. */
    get periods() {
        const { left, right } = this.block;
        if (right === 0 || left === this.totalColumn) {
            return null;
        }
        const first = Math.max(left, 1);
        const last = Math.min(right, this.totalColumn - 1);
        return Array.from({ length: last - first + 1 }, (_unused, index) => first + index - 1);
    }

    /**
     * The chosen cells of periods, all of a row where its name or total is chosen.
     *
     * @returns {{node_id: number, period_index: number}[]}
     */
    get places() {
        const { top, bottom } = this.block;
        const periods = this.periods || this.grid.periods.map((_period, index) => index);
        return this.grid.rows
            .slice(top, bottom + 1)
            .flatMap(({ id }) => periods.map((period_index) => ({ node_id: id, period_index })));
    }
}
