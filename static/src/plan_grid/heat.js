/** How far attainment is from plan, as a colour. Pure. */

/**
 * Steps from behind to ahead, in percent of what is due. Orange to blue, which those who cannot tell
 * red from green can tell apart; the figure stands in every cell as well.
 */
export const STEPS = [
    { name: "far_behind", upTo: 60, label: "< 60%" },
    { name: "behind", upTo: 80, label: "60–80%" },
    { name: "little_behind", upTo: 95, label: "80–95%" },
    { name: "on_plan", upTo: 105, label: "95–105%" },
    { name: "ahead", upTo: 125, label: "105–125%" },
    { name: "far_ahead", upTo: Infinity, label: "> 125%" },
];

/**
 * Where sales stand against what is due of a target by now.
 *
 * @param {{target: number, actual: number}[]} cells of one node
 * @param {{due_share: number}[]} periods of these cells: how much of the target is due, 0 to 1
 * @returns {{actual: number, due: number, percent: number|null, step: string|null}} null where
 *  nothing is due
 */
export function standing(cells, periods) {
    const begun = cells.filter((_cell, index) => periods[index].due_share > 0);
    const actual = begun.reduce((sum, cell) => sum + (cell.actual || 0), 0);
    const due = cells.reduce((sum, cell, index) => sum + (cell.target || 0) * periods[index].due_share, 0);
    const percent = due > 0 ? (100 * actual) / due : null;
    const step = percent === null ? null : STEPS.find(({ upTo }) => percent < upTo).name;
    return { actual, due, percent, step };
}
