import { _t } from "@web/core/l10n/translation";
import { formatFloat } from "@web/views/fields/formatters";

const MINUS = "\u2212";

/** The figures that may stand beside a target. */
export const COMPARISONS = [
    { name: "forecast", label: _t("Forecast") },
    { name: "last_year", label: _t("Last Year") },
    { name: "actual", label: _t("Actual") },
    { name: "rolled_up", label: _t("Sum from Below") },
];

// From here on decimals only get in the way, unless they are asked for.
const LARGE = 10000;

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
        const lengths = this.grid.roots.map(
            (id) => this.format(this.grid.rowTotal(id).target).length
        );
        return Math.max(7, ...lengths) * (compare === "rolled_up" ? 1.6 : 1);
    }

    /** The target of a cell and what is to be seen on it; ``compare`` names the figure beside it. */
    describe(node, cell, compare) {
        const gap = this.grid.gap(node.id, cell);
        return {
            text: this.format(cell.target),
            isZero: !cell.target,
            isLocked: cell.is_locked,
            gap,
            title: gap ? this.gapText(gap) : "",
            ...(compare && this._compared(cell, compare, gap)),
        };
    }

    /** The second figure, and how far the target is from it. */
    _compared(cell, compare, gap) {
        const value = cell[compare] || 0;
        const compared = this.format(value);
        if (compare === "rolled_up") {
            const difference = gap ? this.signed(-gap, this.format(Math.abs(gap))) : "";
            return { compared, difference, differenceClass: "o2c_gap_text" };
        }
        const percent = value ? Math.round((100 * (cell.target - value)) / Math.abs(value)) : 0;
        return {
            compared,
            difference: percent ? this.signed(percent, `${Math.abs(percent)}%`) : "",
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
            text: this.format(sum.target),
            compared: compare && this.format(sum[compare]),
        }));
    }

    /** Everything known of a cell, as pairs of label and text. */
    details(node, cell) {
        const gap = this.grid.gap(node.id, cell);
        const others = COMPARISONS.filter(({ name }) => name !== "rolled_up" || node.has_children);
        return [
            [_t("Target"), this.exact(cell.target)],
            ...others.map(({ name, label }) => [label, this.exact(cell[name])]),
            ...(gap ? [[gap > 0 ? _t("Not Shared Out") : _t("Too Much Below"), this.exact(Math.abs(gap))]] : []),
        ];
    }

    /** What several cells add up to. */
    sums(places) {
        const values = places.map((place) => this.grid.cell(place.node_id, place.period_index).target);
        const sum = values.reduce((total, value) => total + value, 0);
        return [
            [_t("Sum"), this.exact(sum)],
            [_t("Average"), this.exact(values.length ? sum / values.length : 0)],
            [_t("Cells"), String(values.length)],
        ];
    }
}
