import { registry } from "@web/core/registry";

const modal = ".modal:not(.o_inactive_modal)";
const state = (label) =>
    `.o_form_view:not(:has(.modal)) .o_statusbar_status button.o_arrow_button_current:contains(${label})`;
const add = (field) => `div[name=${field}] .o_field_x2many_list_row_add > *`;

/** A band of a rule: what is typed into a new row, the number of which is given. */
const band = (row, values) => [
    { content: "add a band", trigger: `${modal} ${add("tier_ids")}`, run: "click" },
    ...Object.entries(values).map(([field, value]) => ({
        content: `${field} ${value}`,
        trigger: `${modal} div[name=tier_ids] .o_data_row:nth-child(${row}).o_selected_row div[name=${field}] input`,
        run: `edit ${value}`,
    })),
];

const menu = (section, item) => [
    { content: `menu ${section}`, trigger: `.o_menu_sections button[data-menu-xmlid='${section}']`, run: "click" },
    { content: `menu ${item}`, trigger: `.o-dropdown--menu [data-menu-xmlid='${item}']`, run: "click" },
];

registry.category("web_tour.tours").add("o2c_commission_plan", {
    steps: () => [
        { content: "a new plan", trigger: ".o_form_view div[name=name] input", run: "edit Tiered Sales" },
        { content: "since last year", trigger: "div[name=date_from] input, button[data-field=date_from]", run: "click" },
        { trigger: "input[data-field=date_from]", run: "edit 01/01/2025" },
        { content: "a rule", trigger: add("rule_ids"), run: "click" },
        { content: "with tiers", trigger: `${modal} div[name=method] input[data-value=tier]`, run: "click" },
        ...band(1, { amount_to: 1000, rate: 5 }),
        ...band(2, { amount_from: 1000, rate: 8 }),
        { trigger: `${modal} .o_form_button_save`, run: "click" },
        {
            content: "activate it",
            trigger: "body:not(:has(.modal)) .o_form_view:has(td:contains(5 % – 8 %)) button[name=action_activate]",
            run: "click",
        },
        { content: "yes, really", trigger: `${modal} footer .btn-primary`, run: "click" },
        { content: "it is in force", trigger: state("Active") },
        { content: "nobody is paid by it yet", trigger: "button[name=action_view_agreements]", run: "click" },
        { content: "an agreement", trigger: ".o_list_view .o_nocontent_help" },
        { trigger: ".o_list_button_add", run: "click" },
        { content: "with the agent", trigger: "div[name=payee_id] input", run: "edit Quayside" },
        { trigger: ".o-autocomplete--dropdown-item:contains(Quayside Agency)", run: "click" },
        { content: "on all sales", trigger: "div[name=coverage] input[data-value=all]", run: "click" },
        { content: "since last year", trigger: "div[name=date_from] input, button[data-field=date_from]", run: "click" },
        { trigger: "input[data-field=date_from]", run: "edit 01/01/2025" },
        { trigger: ".o_form_button_save", run: "click" },
        { content: "it is agreed", trigger: ".o_form_saved" },
        { trigger: ".o_last_breadcrumb_item:contains(Quayside Agency: Tiered Sales)" },
    ],
});

registry.category("web_tour.tours").add("o2c_commission_settle", {
    steps: () => [
        { content: "settle the last month", trigger: ".o_control_panel button:contains(New Settlements)", run: "click" },
        { content: "look before it is calculated", trigger: `${modal} div[name=calculate] input`, run: "click" },
        { trigger: `${modal} button[name=action_create_settlements]`, run: "click" },
        { trigger: ".o_data_row td[name=payee_id]:contains(Quayside)", run: "click" },
        { content: "what would be settled", trigger: ".o_form_view button[name=action_preview]", run: "click" },
        { content: "and what not, and why", trigger: ".o_group_header:contains(Invoice Not Paid)" },
        { trigger: ".o_group_header:contains(Included)", run: "click" },
        { content: "the document", trigger: ".o_data_row td[name=amount]:contains(90.00)" },
        { content: "back", trigger: ".o_breadcrumb .breadcrumb-item:last a, .o_back_button", run: "click" },
        { content: "calculate it", trigger: ".o_form_view button[name=action_calculate]", run: "click" },
        { content: "each part at its rate", trigger: "div[name=amount]:contains(90.00)" },
        { content: "agree to it", trigger: "button[name=action_approve]", run: "click" },
        { content: "bill it", trigger: "button[name=action_bill]:contains(Vendor Bill)", run: "click" },
        { content: "it is billed", trigger: state("Billed") },
    ],
});

registry.category("web_tour.tours").add("o2c_commission_salesperson", {
    steps: () => [
        {
            content: "the quotation says what it would earn",
            trigger: ".o_form_view div[name=o2c_commission_estimate]:contains(50.00)",
        },
        { content: "and why", trigger: "a.nav-link[name=o2c_commission]", run: "click" },
        { trigger: "div[name=o2c_commission_estimate_lines] td:contains(5 % of)" },
        { content: "to the own commission", trigger: ".o_navbar_apps_menu button", run: "click" },
        { trigger: ".o-dropdown--menu .o_app:contains(Order to Cash)", run: "click" },
        ...menu("order_to_cash.menu_commission", "order_to_cash.o2c_commission_entry_own_menu"),
        { content: "by month", trigger: ".o_breadcrumb:contains(My Commission)" },
        { trigger: ".o_list_view .o_group_header", run: "click" },
        { content: "each amount", trigger: ".o_data_row td[name=amount_payee]:contains(75.00)" },
        ...menu("order_to_cash.menu_commission", "order_to_cash.o2c_commission_settlement_own_menu"),
        { content: "the own settlement", trigger: ".o_breadcrumb:contains(My Settlements)" },
        { trigger: ".o_data_row td[name=amount]:contains(75.00)", run: "click" },
        { content: "nothing can be decided", trigger: ".o_form_view:not(:has(button[name=action_approve]))" },
        { content: "but objected to", trigger: ".o_form_view .o_statusbar_buttons button:contains(Dispute)", run: "click" },
        { content: "this entry", trigger: `${modal} ${add("entry_ids")}`, run: "click" },
        { trigger: `${modal} .o_data_row .o_list_record_selector input`, run: "click" },
        { trigger: `${modal} .o_select_button`, run: "click" },
        {
            content: "is wrong",
            trigger: `${modal}:has(div[name=entry_ids] .o_data_row) div[name=text] textarea`,
            run: "edit The rate should be 8 %",
        },
        { trigger: `${modal} button[name=action_dispute]`, run: "click" },
        { content: "it waits for an answer", trigger: state("Disputed") },
    ],
});

registry.category("web_tour.tours").add("o2c_commission_portal", {
    steps: () => [
        { content: "a settlement", trigger: "a[href^='/my/commissions/']:contains(COM)", run: "click", expectUnloadPage: true },
        { content: "a row is wrong", trigger: ".o2c_commission_rows input[name=entry]", run: "check" },
        { content: "because", trigger: "textarea[name=text]", run: "edit This customer is mine" },
        { trigger: "form button[type=submit]:contains(Send)", run: "click", expectUnloadPage: true },
        { content: "it has arrived", trigger: ".alert-success:contains(has arrived)" },
        { content: "and waits", trigger: ".badge:contains(Being Looked Into)" },
    ],
});
