import { beforeEach, describe, expect, test } from "@odoo/hoot";

import { GridData } from "@order_to_cash/plan_grid/grid_data";
import { History } from "@order_to_cash/plan_grid/history";
import { SaveQueue } from "@order_to_cash/plan_grid/save_queue";
import { Selection } from "@order_to_cash/plan_grid/selection";

describe.current.tags("headless");

let grid;
const cell = (target, rolled_up = target) => ({ target, rolled_up, is_locked: false });
const node = (id, parent_id, has_children = false) => ({ id, parent_id, has_children, name: `${id}` });

beforeEach(() => {
    grid = new GridData();
    grid.periods = [{ key: "0" }, { key: "1" }];
    grid.load({ nodes: [node(1, false, true)], cells: { 1: [cell(10, 9), cell(10)] } });
    grid.load(
        {
            nodes: [node(2, 1, true), node(3, 1)],
            cells: { 2: [cell(5), cell(5)], 3: [cell(4), cell(5)] },
        },
        [1]
    );
    grid.load({ nodes: [node(4, 2)], cells: { 4: [cell(5), cell(5)] } }, [2]);
    [1, 2].forEach((id) => grid.fold(id, true));
});

test("the tree is shown from the top down, as far as it is open", () => {
    expect(grid.rows.map(({ id }) => id)).toEqual([1, 2, 4, 3]);
    grid.fold(2, false);
    expect(grid.rows.map(({ id }) => id)).toEqual([1, 2, 3]);
    expect(grid.rowOf(4)).toBe(-1);
});

test("sums above follow a change, as far as the next lock", () => {
    grid.apply([{ node_id: 4, period_index: 0, target: 7.1 }]);
    expect([2, 1].map((id) => grid.cell(id, 0).rolled_up)).toEqual([7.1, 11.1]);
    expect(grid.gap(1, grid.cell(1, 0))).toBe(-1.1);
    grid.apply([{ node_id: 2, period_index: 0, is_locked: true }]);
    expect(grid.cell(1, 0).rolled_up).toBe(9);
    grid.apply([{ node_id: 4, period_index: 0, target: 100 }]);
    expect([2, 1].map((id) => grid.cell(id, 0).rolled_up)).toEqual([100, 9]);
});

test("a change is taken back", () => {
    const history = new History();
    const entry = grid.apply([{ node_id: 4, period_index: 0, target: 7 }]);
    history.push(entry);
    expect(grid.apply([{ node_id: 4, period_index: 0, target: 7 }])).toEqual([]);
    grid.apply(history.undo().map(({ place, before }) => ({ ...place, ...before })));
    expect([4, 2, 1].map((id) => grid.cell(id, 0).rolled_up)).toEqual([5, 5, 9]);
    expect([history.canUndo, history.canRedo]).toEqual([false, true]);
    history.push(entry);
    expect(history.canRedo).toBe(false);
});

test("a total is divided over what is not locked", () => {
    grid.apply([{ node_id: 1, period_index: 0, is_locked: true }]);
    expect(grid.divide(1, 100)).toEqual([{ node_id: 1, period_index: 1, target: 90 }]);
    grid.apply([{ node_id: 1, period_index: 1, is_locked: true }]);
    expect(grid.divide(1, 100)).toBe(null);
});

test("the choice moves up when its row is folded away", () => {
    const selection = new Selection(grid);
    selection.moveTo(2, 1);
    selection.moveTo(3, 3, true);
    expect(selection.block).toEqual({ top: 2, bottom: 3, left: 1, right: 3 });
    expect(selection.periods).toEqual([0, 1]);
    grid.fold(2, false);
    selection.keepVisible();
    expect([selection.row, selection.isOneCell]).toEqual([2, true]);
    selection.moveTo(1, 0);
    expect(selection.periods).toBe(null);
    expect(selection.places.length).toBe(2);
});

test("targets and locks are sent in their order, and one failure stops them all", async () => {
    const options = {
        send: async (batch) => {
            expect.step(batch.map((change) => Object.keys(change).join()).join("+"));
            if (batch.some((change) => change.target === 13)) {
                throw new Error("no");
            }
            return { [batch.length]: [] };
        },
        onSaved: (cells) => expect.step(`saved ${Object.keys(cells)}`),
        onRefused: () => expect.step("refused"),
        isPassing: () => false,
        onChange: () => {},
    };
    const queue = new SaveQueue(options);
    queue.push([{ target: 1 }, { target: 2 }]);
    expect(queue.state).toBe("saving");
    await queue.push([{ is_locked: true }]);
    expect.verifySteps(["target+target", "is_locked", "saved 1,2"]);
    queue.push([{ target: 13 }]);
    await queue.push([{ is_locked: false }]);
    expect.verifySteps(["target", "refused"]);
    expect(queue.state).toBe("saved");
});
