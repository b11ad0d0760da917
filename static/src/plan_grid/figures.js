import { _t } from "@web/core/l10n/translation";
import { formatFloat } from "@web/views/fields/formatters";

import { standing, STEPS } from "./heat";

const MINUS = "\u2212";

/** The figures that may stand beside a target. */
export const COMPARISONS = [
    { name: "forecast", label: _t("Forecast") },
    { name: "last_year", label: _t("Last Year") },
    { name: "actual", label: _t("Actual") },
    { name: "rolled_up", label: _t("Sum from Below") },
];

/** What the cells show, and what is typed into them if anything. */
export const MODES = [
    { name: "target", label: _t("Targets") },
    { name: "adjustment", label: _t("Forecast Adjustments") },
    { name: "attainment", label: _t("Attainment") },
];

// From here on decimals only get in the way, unless they are asked for.
const LARGE = 10000;
// A greater difference says no more than that the two have nothing to do with each other.
const MOST_PERCENT = 999;

/** How figures of a plan read: texts and marks, no more. */
export class Figures {
    /** @param {import("./plan_model").PlanModel} plan */
    constructor(plan) {
        this.plan = plan;
        this.wantsDecimals = null;
    }

    get grid() {
        return this.plan.grid;
    }

    /** Whether the cells show decimals; in large figures only on demand, in whole ones never. */
    get hasDecimals() {
        const isLarge = this.grid.roots.some((id) => Math.abs(this.grid.rowTotal(id).target) >= LARGE);
        return this.grid.hasFractions && (this.wantsDecimals ?? !isLarge);
    }

    toggleDecimals() {
        this.wantsDecimals = !this.hasDecimals;
    }

    format(value) {
        return formatFloat(value || 0, { digits: [16, this.hasDecimals ? this.plan.decimals : 0] });
    }

    /** To the last decimal, unless all targets are whole. */
    exact(value) {
        const digits = this.grid.hasFractions ? this.plan.decimals : 0;
        return formatFloat(value || 0, { digits: [16, digits] });
    }

    signed(value, text) {
        return `${value > 0 ? "+" : MINUS}${text}`;
    }

    /** Characters that the longest figure needs: one of the totals, perhaps with a gap beside it. */
    width(compare) {
        const name = this.plan.figure;
        const lengths = this.grid.roots.map(
            (id) => this.format(this.grid.rowTotal(id)[compare || name]).length
        );
        return Math.max(7, ...lengths) * (compare === "rolled_up" ? 1.6 : 1);
    }

    /**
     * What is to be seen of a cell.
     *
     * @param {Object} node
     * @param {number|null} period index of the period, null: the total of the row
     * @param {string|null} compare names the figure beside the first
     */
    describe(node, period, compare) {
        const cell = (period === null ? this.grid.rowTotal(node.id) : this.grid.cell(node.id, period)) || {};
        if (this.plan.mode === "attainment") {
            return this._heat(node, period);
        }
        const conflict = period === null ? null : this.plan.conflicts.at(node.id, period);
        const isTarget = this.plan.figure === "target";
        const gap = isTarget ? this.grid.gap(node.id, cell) : 0;
        const value = cell[this.plan.figure] || 0;
        return {
            text: isTarget || !value ? this.format(value) : this.signed(value, this.format(Math.abs(value))),
            isZero: !value,
            isLocked: isTarget && cell.is_locked,
            isConflict: Boolean(conflict),
            gap,
            title: conflict ? this.conflictText(conflict) : gap ? this.gapText(gap) : "",
            ...(compare && this._compared(cell, compare, gap, value)),
        };
    }

    /** Attainment of a cell, or of a row so far, with the colour of what is due by now. */
    _heat(node, period) {
        const cells = this.grid.cells.get(node.id) || [];
        const [from, to] = period === null ? [0, cells.length] : [period, period + 1];
        const { actual, due, percent, step } = standing(
            cells.slice(from, to),
            this.grid.periods.slice(from, to)
        );
        if (percent === null) {
            return { text: actual ? this.format(actual) : "", isZero: !actual, isHeat: true, title: "" };
        }
        return {
            text: this.percent(percent),
            isZero: false,
            isHeat: true,
            heat: step,
            title: _t("%(actual)s of %(due)s due by now (%(percent)s)", {
                actual: this.exact(actual),
                due: this.exact(due),
                percent: this.percent(percent),
            }),
        };
    }

    percent(value) {
        return `${formatFloat(value, { digits: [16, 0] })}%`;
    }

    get steps() {
        return STEPS;
    }

    /** What a colleague did to a cell, and what was to be written into it. */
    conflictText({ by, now, wanted }) {
        return _t("%(name)s changed this meanwhile to %(now)s. You wanted %(wanted)s.", {
            name: by || _t("Somebody"),
            now: this.valueText(now, wanted),
            wanted: this.valueText(wanted, wanted),
        });
    }

    /** Of what a cell holds that which ``wanted`` is about. */
    valueText(values, wanted) {
        const name = ["target", "adjustment"].find((figure) => figure in wanted);
        const lock = values.is_locked ? _t("locked") : _t("not locked");
        if (!name) {
            return `${this.exact(values.target ?? 0)}, ${lock}`;
        }
        const figure = this.exact(values[name]);
        return values.is_locked ? `${figure}, ${lock}` : figure;
    }

    /** The second figure, and how far the target is from it. */
    _compared(cell, compare, gap, figure) {
        const value = cell[compare] || 0;
        const compared = this.format(value);
        if (compare === "rolled_up") {
            const difference = gap ? this.signed(-gap, this.format(Math.abs(gap))) : "";
            return { compared, difference, differenceClass: "o2c_gap_text" };
        }
        const opensDocuments = compare === "actual" && this.plan.info.has_documents;
        if (this.plan.figure === "adjustment") {
            return { compared, opensDocuments, difference: "", differenceClass: "" };
        }
        const percent = value ? Math.round((100 * (figure - value)) / Math.abs(value)) : 0;
        const isTelling = percent && Math.abs(percent) <= MOST_PERCENT;
        return {
            compared,
            opensDocuments,
            difference: isTelling ? this.signed(percent, `${Math.abs(percent)}%`) : "",
            differenceClass: percent > 0 ? "text-success" : "text-danger",
        };
    }

    gapText(gap) {
        const amount = this.exact(Math.abs(gap));
        return gap > 0
            ? _t("%(amount)s not shared out to the rows below", { amount })
            : _t("The rows below add up to %(amount)s more", { amount });
    }

    bottomLine(compare) {
        const sums = this.grid.periods.map((_period, index) => this.grid.bottomLine(index));
        return [...sums, this.grid.bottomLine()].map((sum) => ({
            text: this.format(sum[this.plan.figure]),
            compared: compare && this.format(sum[compare]),
        }));
    }

    /** Everything known of a cell, as pairs of label and text. */
    details(node, cell) {
        const gap = this.grid.gap(node.id, cell);
        const gapLabel = gap > 0 ? _t("Not Shared Out") : _t("Too Much Below");
        const others = COMPARISONS.filter(({ name }) => name !== "rolled_up" || node.has_children);
        return [
            { label: _t("Target"), text: this.exact(cell.target) },
            ...others.map(({ name, label }) => ({
                label,
                text: this.exact(cell[name]),
                opensDocuments: name === "actual" && this.plan.info.has_documents,
            })),
            ...(cell.adjustment ? [{ label: _t("Adjustment"), text: this.exact(cell.adjustment) }] : []),
            ...(gap ? [{ label: gapLabel, text: this.exact(Math.abs(gap)) }] : []),
        ];
    }

    /** What several cells add up to. */
    sums(places) {
        const name = this.plan.figure;
        const values = places.map((place) => this.grid.cell(place.node_id, place.period_index)[name] || 0);
        const sum = values.reduce((total, value) => total + value, 0);
        return [
            { label: _t("Sum"), text: this.exact(sum) },
            { label: _t("Average"), text: this.exact(values.length ? sum / values.length : 0) },
            { label: _t("Cells"), text: String(values.length) },
        ];
    }
}
