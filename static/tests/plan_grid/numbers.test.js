import { describe, expect, test } from "@odoo/hoot";

import { parseBlock, readBlock } from "@order_to_cash/plan_grid/clipboard";
import {
    apportion,
    parseNumber,
    readEntry,
    roundTo,
    writeNumber,
} from "@order_to_cash/plan_grid/numbers";

describe.current.tags("headless");

const english = { decimalPoint: ".", thousandsSep: ",", units: ["$", "USD"] };
const german = { decimalPoint: ",", thousandsSep: ".", units: ["€", "EUR"] };
const french = { decimalPoint: ",", thousandsSep: "\u202f" };

test("numbers are read as the language writes them", () => {
    const cases = [
        ["1,234.5", english, 1234.5],
        ["1,00,000", english, 100000],
        ["-$5", english, -5],
        ["(1,200)", english, -1200],
        ["100-", english, -100],
        ["\u22127", english, -7],
        ["1.2E+05", english, 120000],
        [".5", english, 0.5],
        ["1.234,50 €", german, 1234.5],
        ["EUR 1 234,5", german, 1234.5],
        ["-1.234.567", german, -1234567],
        ["1\u202f234\u202f567,5", french, 1234567.5],
    ];
    for (const [text, format, value] of cases) {
        expect(parseNumber(text, format)).toBe(value, { message: text });
    }
    expect(parseNumber("  ", english)).toBe(null);
});

test("what may be read in two ways is no number", () => {
    const cases = [
        ...["1,5", "12,34", "1234,567", "1 23", "--1", "-", "12%", "abc", "1.2.3"].map((text) => [text, english]),
        ...["12.50", "1234.5", "1.234.56"].map((text) => [text, german]),
    ];
    for (const [text, format] of cases) {
        expect(parseNumber(text, format)).toBe(NaN, { message: text });
    }
});

test("a change in percent is one of the figure that is there", () => {
    expect(readEntry("+5%", 200, english)).toBe(210);
    expect(readEntry("-2,5 %", 200, german)).toBe(195);
    expect(readEntry("5%", 200, english)).toBe(NaN);
});

test("what is written can be read again", () => {
    expect(writeNumber(1234.5, 2, german)).toBe("1234,50");
    expect(parseNumber("1234,50", german)).toBe(1234.5);
});

test("rounding and sharing out are exact", () => {
    expect(roundTo(1.005, 0.01)).toBe(1.01);
    expect(roundTo(-0.5, 1)).toBe(-1);
    expect(apportion(100, [1, 1, 1])).toEqual([34, 33, 33]);
    expect(apportion(-7, [3, 1])).toEqual([-5, -2]);
    expect(apportion(10, [0, 0, 0])).toEqual([4, 3, 3]);
});

test("blocks of a spreadsheet are taken apart", () => {
    expect(parseBlock("1\t2\r\n3\t4\r\n")).toEqual([["1", "2"], ["3", "4"]]);
    expect(parseBlock("1\t\n\t4")).toEqual([["1", ""], ["", "4"]]);
    expect(parseBlock('"a\tb"\t"x""y"\n5"')).toEqual([["a\tb", 'x"y'], ['5"']]);
});

test("each cell that cannot be pasted is told, and empty ones are left", () => {
    const cellAt = (row, column) => (column < 2 ? { target: 1, isLocked: row === 1 } : null);
    const { changes, problems } = readBlock(parseBlock("7\t\nx\t2\n1\t1\t9"), {
        cellAt,
        format: english,
        round: (value) => value,
    });
    expect(changes.map(({ target }) => target)).toEqual([7]);
    expect(problems.map(({ row, column, reason }) => [row, column, reason])).toEqual([
        [1, 0, "number"],
        [1, 1, "locked"],
        [2, 2, "outside"],
    ]);
});
