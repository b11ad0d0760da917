import { registry } from "@web/core/registry";
import { formatFloat } from "@web/views/fields/formatters";
import { ProgressBarField, progressBarField } from "@web/views/fields/progress_bar/progress_bar_field";

/** Attainment as a bar: whole percents, never "1k", and nothing where nothing was to be attained. */
export class AttainmentField extends ProgressBarField {
    static template = "order_to_cash.AttainmentField";

    get hasTarget() {
        const { target } = this.props.record.data;
        return target === undefined || target !== 0;
    }

    formatCurrentValue() {
        return formatFloat(this.currentValue, { digits: [16, 0] });
    }

    get barWidth() {
        return Math.min(Math.max(this.currentValue, 0), 100);
    }
}

registry.category("fields").add("o2c_attainment", {
    ...progressBarField,
    component: AttainmentField,
});
