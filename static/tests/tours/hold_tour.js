import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("o2c_hold_salesperson", {
    steps: () => [
        {
            content: "the quotation warns before it is confirmed",
            trigger: "div[name=o2c_warning_banner]:contains(above the credit limit)",
        },
        {
            content: "confirm it all the same",
            trigger: "button[name=action_confirm]:visible",
            run: "click",
        },
        {
            content: "it is on hold, and the banner says why and who can release it",
            trigger: "div[name=o2c_hold_banner]:contains(above the credit limit):contains(can be released by)",
        },
        {
            content: "a salesperson cannot decide",
            trigger: "div[name=o2c_hold_banner]:not(:has(button[name=action_o2c_decide]))",
        },
        {
            content: "it is still a quotation",
            trigger: ".o_statusbar_status button.o_arrow_button_current:contains(Quotation)",
        },
        {
            content: "the holds of the order can be opened",
            trigger: "button[name=action_o2c_open_holds]",
            run: "click",
        },
        {
            content: "and show the figures",
            trigger: ".o_list_view td[name=reason]:contains(above the credit limit)",
        },
    ],
});

registry.category("web_tour.tours").add("o2c_hold_credit_manager", {
    steps: () => [
        {
            content: "the worklist shows what waits for a decision",
            trigger: ".o_list_view td[name=order_id]:contains(O2C-TOUR)",
            run: "click",
        },
        {
            content: "decide",
            trigger: ".o_form_view button[name=action_decide]",
            run: "click",
        },
        {
            content: "say why",
            trigger: ".modal div[name=note] textarea",
            run: "edit Paid in advance by wire",
        },
        {
            content: "release and confirm in one go",
            trigger: ".modal button[name=action_release_and_confirm]",
            run: "click",
        },
        {
            content: "the hold is released",
            trigger:
                ".o_form_view:not(:has(.modal)) .o_statusbar_status button.o_arrow_button_current:contains(Released)",
        },
        {
            content: "open the order",
            trigger: "button[name=action_open_order]",
            run: "click",
        },
        {
            content: "it is confirmed",
            trigger: ".o_statusbar_status button.o_arrow_button_current:contains(Sales Order)",
        },
    ],
});
