import { formatDate, deserializeDate } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { usePopover } from "@web/core/popover/popover_hook";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { formatFloat } from "@web/views/fields/formatters";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

import { Component } from "@odoo/owl";

const date = (text) => formatDate(deserializeDate(text));
const number = (value) => formatFloat(value, { digits: [16, 2], trailingZeros: false });

/** How the quantity that can be promised comes about; opens what stands behind it. */
export class PromisePopover extends Component {
    static template = "order_to_cash.PromisePopover";
    static props = { record: Object, close: Function };

    setup() {
        this.action = useService("action");
    }

    get details() {
        return this.props.record.data.o2c_promise_details;
    }

    get title() {
        const { wanted, is_agreed } = this.details;
        return is_agreed
            ? _t("For the delivery on %(date)s", { date: date(wanted) })
            : _t("For delivery on %(date)s, as expected", { date: date(wanted) });
    }

    get rows() {
        const { free, expected, ahead, kept } = this.details;
        return [
            { label: _t("Free stock"), value: number(free) },
            { label: _t("Expected by then"), value: `+ ${number(expected)}`, hidden: !expected },
            { label: _t("Needed by those served before"), value: `− ${number(ahead)}`, hidden: !ahead },
            { label: _t("Set apart for others"), value: `− ${number(kept)}`, hidden: !kept },
        ].filter((row) => !row.hidden);
    }

    get total() {
        return number(Math.max(this.details.promised, 0));
    }

    get isShort() {
        return this.details.promised < this.details.need;
    }

    get later() {
        return this.details.later
            .slice(0, 5)
            .map((step) => ({ date: date(step.date), quantity: number(step.promised) }));
    }

    get isSaved() {
        return Boolean(this.props.record.resId);
    }

    async open(name) {
        const { resModel, resId } = this.props.record;
        this.props.close();
        await this.action.doActionButton({ type: "object", name, resModel, resId });
    }
}

/** The day from which a line can be promised. */
export class PromiseField extends Component {
    static template = "order_to_cash.PromiseField";
    static props = { ...standardFieldProps };

    setup() {
        this.popover = usePopover(PromisePopover, { position: "top" });
    }

    get data() {
        return this.props.record.data;
    }

    get text() {
        const promised = this.data[this.props.name];
        return promised ? formatDate(promised) : _t("Not covered");
    }

    get color() {
        if (this.data.o2c_promise_state === "on_time") {
            return "text-success";
        }
        return this.data.o2c_promise_state === "late" ? "text-warning" : "text-danger";
    }

    open(ev) {
        this.popover.open(ev.currentTarget, { record: this.props.record });
    }
}

registry.category("fields").add("o2c_promise", {
    component: PromiseField,
    displayName: _t("Promise"),
    supportedTypes: ["date"],
    fieldDependencies: [
        { name: "o2c_promise_state", type: "selection", selection: [] },
        { name: "o2c_promise_details", type: "json" },
    ],
});
