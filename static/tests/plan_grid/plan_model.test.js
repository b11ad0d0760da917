import { beforeEach, describe, expect, test } from "@odoo/hoot";

import { standing } from "@order_to_cash/plan_grid/heat";
import { PlanModel } from "@order_to_cash/plan_grid/plan_model";

describe.current.tags("headless");

const row = (...targets) =>
    targets.map((target) => ({ target, rolled_up: target, adjustment: 0, forecast: 0, is_locked: false }));
const node = (id, parent_id, has_children = false) => ({ id, parent_id, has_children, name: `${id}` });

let plan;
let answers;

/** A server that answers what the test says, and tells what it was asked. */
const orm = {
    silent: {
        call: async (_model, method, _ids, options) => {
            expect.step(method);
            return answers[method](options);
        },
    },
};

beforeEach(async () => {
    answers = {
        grid_read: () => ({
            plan: { is_editable: true, precision: 0.01, digits: 2 },
            periods: [{ key: "0" }, { key: "1" }],
            nodes: [node(1, false, true), node(2, 1), node(3, 1)],
            cells: { 1: row(10, 0), 2: row(5, 0), 3: row(5, 0) },
        }),
    };
    plan = new PlanModel(7, { orm, onChange: () => {}, onError: () => expect.step("told why") });
    await plan.load();
    expect.verifySteps(["grid_read"]);
});

test("a cell that a colleague changed shows his figure until it is decided on", async () => {
    answers.grid_write = ({ changes }) => {
        expect(changes[0].before).toEqual({ target: 5, is_locked: false });
        const now = { target: 8, adjustment: 0, is_locked: false };
        const place = { node_id: 2, period_index: 0, node: "2", period: "Jan" };
        const conflict = { ...place, wanted: { target: 6 }, now, by: "Paula" };
        return { cells: { 2: row(8, 0), 3: row(7, 0) }, conflicts: [conflict] };
    };
    plan.change([
        { node_id: 2, period_index: 0, target: 6 },
        { node_id: 3, period_index: 0, target: 7 },
    ]);
    await plan.whenSaved();
    expect([2, 3].map((id) => plan.grid.cell(id, 0).target)).toEqual([8, 7]);
    expect(plan.conflicts.at(2, 0).by).toBe("Paula");
    // What was not done cannot be taken back.
    expect(plan.history.done[0].changes.map(({ place }) => place.node_id)).toEqual([3]);

    answers.grid_write = ({ changes }) => {
        expect(changes[0].target).toBe(6);
        expect(changes[0].before.target).toBe(8);
        return { cells: { 2: row(6, 0) }, conflicts: [] };
    };
    plan.overwriteTheirs(plan.conflicts.all);
    await plan.whenSaved();
    expect(plan.conflicts.size).toBe(0);
    expect(plan.grid.cell(2, 0).target).toBe(6);
    expect.verifySteps(["grid_write", "grid_write"]);
});

test("taking back expects what was written", async () => {
    answers.grid_write = ({ changes }) => {
        expect.step(`${changes[0].before.target} to ${changes[0].target}`);
        return { cells: {}, conflicts: [] };
    };
    plan.change([{ node_id: 2, period_index: 0, target: 6 }]);
    await plan.whenSaved();
    // Read meanwhile, and not ours.
    plan.grid.merge({ 2: row(9, 0) });
    plan.undo();
    await plan.whenSaved();
    expect.verifySteps(["grid_write", "5 to 6", "grid_write", "6 to 5"]);
});

test("nothing is spread from a figure that is not what was shown", async () => {
    answers.grid_spread = ({ before }) => {
        expect(before).toEqual([10, 0]);
        const conflict = { node_id: 1, period_index: 0, period: "Jan", wanted: {}, now: {}, by: "Paula" };
        return { cells: { 1: row(11, 0) }, before: {}, after: {}, conflicts: [conflict] };
    };
    expect(await plan.spread(plan.grid.nodes.get(1), null, "equal")).toBe(false);
    expect(plan.history.canUndo).toBe(false);
    expect(plan.grid.cell(1, 0).target).toBe(11);
    expect.verifySteps(["grid_spread", "told why"]);
});

test("an adjustment counts in the forecast above at once", async () => {
    answers.grid_write = () => ({ cells: {}, conflicts: [] });
    plan.mode = "adjustment";
    plan.change([{ node_id: 2, period_index: 1, [plan.figure]: 4 }]);
    expect([2, 1].map((id) => plan.grid.cell(id, 1).forecast)).toEqual([4, 4]);
    expect(plan.grid.cell(2, 1).target).toBe(0);
    expect(plan.grid.divideAdjustment(2, 6).map(({ adjustment }) => adjustment)).toEqual([3, 3]);
    await plan.whenSaved();
    expect.verifySteps(["grid_write"]);
});

test("what is found is shown with what lies above it, and the tree is as it was afterwards", async () => {
    plan.grid.foldAll();
    answers.grid_search = () => ({
        nodes: [node(1, false, true), node(3, 1, true), node(9, 3)],
        cells: { 9: row(1, 1) },
        found_ids: [9],
        has_more: false,
    });
    await plan.search(" nine ");
    expect(plan.grid.rows.map(({ id }) => id)).toEqual([1, 3, 9]);
    await plan.search("");
    expect(plan.grid.rows.map(({ id }) => id)).toEqual([1]);
    // Unfolded, everything below is read, in its order.
    answers.grid_read = () => ({ nodes: [node(8, 3), node(9, 3)], cells: {}, plan: {}, periods: [] });
    plan.grid.fold(1, true);
    await plan.fold([plan.grid.nodes.get(3)], true);
    expect(plan.grid.rows.map(({ id }) => id)).toEqual([1, 2, 3, 8, 9]);
    expect.verifySteps(["grid_search", "grid_read"]);
});

test("attainment is measured by what is due", () => {
    const periods = [{ due_share: 1 }, { due_share: 0.5 }, { due_share: 0 }];
    const cells = [
        { target: 100, actual: 90 },
        { target: 100, actual: 60 },
        { target: 100, actual: 0 },
    ];
    expect(standing(cells, periods)).toEqual({ actual: 150, due: 150, percent: 100, step: "on_plan" });
    expect(standing(cells.slice(1, 2), periods.slice(1, 2)).step).toBe("ahead");
    expect(standing(cells.slice(2), periods.slice(2)).percent).toBe(null);
});
