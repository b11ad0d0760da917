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

/** How figures of a plan read: texts and marks, no more. */
export class Figures {
    /** @param {import("./plan_model").PlanModel} plan */
    constructor(plan) {
        this.plan = plan;
    }

    get grid() {
        return this.plan.grid;
    }

    /** Without decimals as long as all targets are whole. */
    format(value) {
        const digits = this.grid.hasFractions ? this.plan.decimals : 0;
        return formatFloat(value || 0, { digits: [16, digits] });
    }

    signed(value, text) {
        return `${value > 0 ? "+" : MINUS}${text}`;
    }

    /** Characters that the longest figure needs: one of the totals. */
    get width() {
        const lengths = this.grid.roots.map(
            (id) => this.format(this.grid.rowTotal(id).target).length
        );
        return Math.max(7, ...lengths);
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
        const amount = this.format(Math.abs(gap));
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
            [_t("Target"), this.format(cell.target)],
            ...others.map(({ name, label }) => [label, this.format(cell[name])]),
            ...(gap ? [[gap > 0 ? _t("Not Shared Out") : _t("Too Much Below"), this.format(Math.abs(gap))]] : []),
        ];
    }

    /** What several cells add up to. */
    sums(places) {
        const values = places.map((place) => this.grid.cell(place.node_id, place.period_index).target);
        const sum = values.reduce((total, value) => total + value, 0);
        return [
            [_t("Sum"), this.format(sum)],
            [_t("Average"), this.format(values.length ? sum / values.length : 0)],
            [_t("Cells"), String(values.length)],
        ];
    }
}
