import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("o2c_allocation_planner", {
    steps: () => [
        {
            content: "a run that was made is listed",
            trigger: ".o_list_view .o_data_row td[name=product_ids]:contains(Crate)",
            run: "click",
        },
        {
            content: "simulate it",
            trigger: ".o_form_view button[name=action_simulate]",
            run: "click",
        },
        {
            content: "the better-ranked delivery gains, and the reason says from whom",
            trigger: "div[name=changing_line_ids] td[name=reason]:contains(Got 4 from)",
        },
        {
            content: "the other one loses, and the reason says to whom",
            trigger: "div[name=changing_line_ids] td[name=reason]:contains(Lost 4 to):contains(rank 1)",
        },
        {
            content: "apply it",
            trigger: ".o_form_view button[name=action_apply]",
            run: "click",
        },
        {
            content: "yes, really",
            trigger: ".modal footer .btn-primary",
            run: "click",
        },
        {
            content: "it is applied",
            trigger:
                ".o_form_view .o_statusbar_status button.o_arrow_button_current:contains(Applied)",
        },
        {
            content: "the deliveries of the run can be opened",
            trigger: ".o_form_view .o-form-buttonbox button:contains(Losing)",
            run: "click",
        },
        {
            content: "and show what became of them",
            trigger: ".o_list_view td[name=reason]:contains(Lost 4 to)",
        },
    ],
});

registry.category("web_tour.tours").add("o2c_allocation_salesperson", {
    steps: () => [
        {
            content: "the line says that the goods cannot be promised",
            trigger: "div[name=order_line] td[name=o2c_promise_date] button:contains(Not covered)",
            run: "click",
        },
        {
            content: "and why: others are served before",
            trigger: ".o_popover td:contains(Needed by those served before)",
        },
        {
            content: "hold back what there is",
            trigger: "button[name=action_o2c_soft_reserve]",
            run: "click",
        },
        {
            content: "the dialog knows how much is free",
            trigger: ".modal div[name=line_ids] td[name=free_quantity]:contains(2.00)",
        },
        {
            content: "hold it back",
            trigger: ".modal button[name=action_reserve]",
            run: "click",
        },
        {
            content: "the quotation says so",
            trigger:
                ".o_form_view:not(:has(.modal)) button[name=action_o2c_open_soft_reservations]:contains(1)",
        },
    ],
});
