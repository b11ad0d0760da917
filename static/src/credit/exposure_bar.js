import { _t } from "@web/core/l10n/translation";
import { formatMonetary } from "@web/views/fields/formatters";
import { registry } from "@web/core/registry";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";
import { useService } from "@web/core/utils/hooks";

import { Component } from "@odoo/owl";

const COMPONENTS = [
    { name: "receivable", label: _t("Receivable"), action: "action_open_receivable" },
    { name: "draft_invoiced", label: _t("Draft invoices"), action: "action_open_draft_invoiced" },
    {
        name: "delivered_not_invoiced",
        label: _t("Delivered, not invoiced"),
        action: "action_open_delivered",
    },
    {
        name: "ordered_not_delivered",
        label: _t("Ordered, not delivered"),
        action: "action_open_ordered",
    },
];

/**
 * What uses up a customer's credit, against the limit. Each part opens its documents.
 */
export class ExposureBar extends Component {
    static template = "order_to_cash.ExposureBar";
    static props = { ...standardWidgetProps };

    setup() {
        this.action = useService("action");
    }

    get data() {
        return this.props.record.data;
    }

    get isLimited() {
        return this.data.effective_mode !== "unlimited";
    }

    get isOver() {
        return this.isLimited && this.data.available_credit < 0;
    }

    get leftOut() {
        return new Set((this.data.left_out || "").split(","));
    }

    money(amount) {
        return formatMonetary(amount, { currencyId: this.data.currency_id?.id });
    }

    get parts() {
        const leftOut = this.leftOut;
        const counted = COMPONENTS.filter(({ name }) => !leftOut.has(name));
        const positive = counted.reduce((sum, { name }) => sum + Math.max(this.data[name], 0), 0);
        const limit = this.isLimited ? this.data.effective_limit : 0;
        const scale = Math.max(positive, limit) || 1;
        return COMPONENTS.map((component) => ({
            ...component,
            amount: this.money(this.data[component.name]),
            isEmpty: !this.data[component.name],
            isLeftOut: leftOut.has(component.name),
            width: leftOut.has(component.name)
                ? 0
                : (100 * Math.max(this.data[component.name], 0)) / scale,
        }));
    }

    /** Where the limit lies on the bar, in percent; null without one, or at the very end. */
    get limitMark() {
        if (!this.isLimited) {
            return null;
        }
        const used = this.parts.reduce((sum, { width }) => sum + width, 0);
        const limit = this.data.effective_limit;
        const positive = COMPONENTS.filter(({ name }) => !this.leftOut.has(name)).reduce(
            (sum, { name }) => sum + Math.max(this.data[name], 0),
            0
        );
        return positive > limit ? (used * limit) / positive : null;
    }

    get headline() {
        const used = this.money(this.data.exposure);
        if (this.data.effective_mode === "unlimited") {
            return _t("%(used)s used, no limit", { used });
        }
        if (this.data.effective_mode === "prepay") {
            return _t("%(used)s used, payment in advance", { used });
        }
        return _t("%(used)s of %(limit)s used", {
            used,
            limit: this.money(this.data.effective_limit),
        });
    }

    get remainder() {
        if (!this.isLimited) {
            return "";
        }
        const amount = this.money(Math.abs(this.data.available_credit));
        return this.isOver
            ? _t("%(amount)s over the limit", { amount })
            : _t("%(amount)s left", { amount });
    }

    get overdue() {
        return this.data.overdue > 0 ? this.money(this.data.overdue) : "";
    }

    async open(name) {
        if (await this.props.record.save()) {
            await this.action.doActionButton({
                type: "object",
                name,
                resModel: this.props.record.resModel,
                resId: this.props.record.resId,
            });
        }
    }
}

registry.category("view_widgets").add("o2c_exposure_bar", {
    component: ExposureBar,
    fieldDependencies: [
        { name: "currency_id", type: "many2one" },
        { name: "effective_mode", type: "selection" },
        { name: "effective_limit", type: "monetary" },
        { name: "available_credit", type: "monetary" },
        { name: "exposure", type: "monetary" },
        { name: "overdue", type: "monetary" },
        { name: "left_out", type: "char" },
        ...COMPONENTS.map(({ name }) => ({ name, type: "monetary" })),
    ],
});
