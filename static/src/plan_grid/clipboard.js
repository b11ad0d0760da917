/** Blocks of cells as spreadsheets put them on the clipboard. Pure. */
import { parseNumber } from "./numbers";

/**
 * The cells of a block: rows end with a line break, cells with a tab; a cell that holds either is
 * in quotes, with its own quotes doubled.
 *
 * @param {string} text
 * @returns {string[][]}
 */
export function parseBlock(text) {
    const rows = [[]];
    const cells = /(?:"((?:[^"]|"")*)"(?=[\t\r\n]|$)|([^\t\r\n]*))(\t|\r\n|\n|\r|$)/y;
    while (cells.lastIndex < text.length) {
        const [, quoted, plain, end] = cells.exec(text);
        rows.at(-1).push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
        if (end === "\t" && cells.lastIndex === text.length) {
            rows.at(-1).push("");
        } else if (end && end !== "\t") {
            rows.push([]);
        }
    }
    return rows.at(-1).length || rows.length === 1 ? rows : rows.slice(0, -1);
}

/** The text of a block of cells. */
export function formatBlock(rows) {
    return rows.map((cells) => cells.join("\t")).join("\n");
}

/**
 * What a pasted block would change. Empty cells leave what is there.
 *
 * @param {string[][]} block
 * @param {Object} options
 * @param {(row: number, column: number) => {target: number, isLocked: boolean}|null} options.cellAt
 *  the cell that a place of the block falls on, counted from its corner; null beyond the grid
 * @param {import("./numbers").NumberFormat} options.format
 * @param {(value: number) => number} options.round
 * @returns {{changes: {cell: Object, target: number}[],
 *  problems: {row: number, column: number, text: string, reason: "number"|"locked"|"outside"}[]}}
 */
export function readBlock(block, { cellAt, format, round }) {
    const changes = [];
    const problems = [];
    block.forEach((cells, row) =>
        cells.forEach((text, column) => {
            const value = parseNumber(text, format);
            if (value === null) {
                return;
            }
            const cell = cellAt(row, column);
            const reason = problemOf(value, cell, round);
            if (reason) {
                problems.push({ row, column, text: text.trim(), reason });
            } else if (round(value) !== cell.target) {
                changes.push({ cell, target: round(value) });
            }
        })
    );
    return { changes, problems };
}

function problemOf(value, cell, round) {
    if (!cell) {
        return "outside";
    }
    if (Number.isNaN(value)) {
        return "number";
    }
    return cell.isLocked && round(value) !== cell.target ? "locked" : null;
}
