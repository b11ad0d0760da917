import { registry } from "@web/core/registry";

const cell = (row, column) => `.o2c_plan_grid [data-row='${row}'] [data-column='${column}']`;
const editor = ".o2c_plan_grid td input:focus";
const saved = ".o2c_saving[data-state=saved]";

/** Type a figure over that of a cell. */
const type = (row, column, figure) => [
    { content: `choose ${row}/${column}`, trigger: cell(row, column), run: "click" },
    { trigger: ".o2c_plan_scroll:focus", run: `press ${figure[0]}` },
    { content: `type ${figure}`, trigger: editor, run: `edit ${figure}` },
    { trigger: editor, run: "press Enter" },
    { content: "it is saved", trigger: saved },
];

const paste = (text) => ({
    content: `paste ${text}`,
    trigger: ".o2c_plan_scroll:focus",
    run() {
        const clipboardData = new DataTransfer();
        clipboardData.setData("text/plain", text);
        this.anchor.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
    },
});

registry.category("web_tour.tours").add("o2c_plan_grid", {
    steps: () => [
        { content: "from the plan", trigger: "button[name=action_open_grid]", run: "click" },
        ...type(2, 1, "120"),
        { content: "it counts above at once", trigger: `${cell(0, 1)}.o2c_gap[title*='130']` },
        ...type(0, 4, "900"),
        { content: "a total is divided", trigger: `${cell(0, 2)}:contains(300)` },
        { content: "choose a row", trigger: cell(0, 0), run: "click" },
        { content: "spread it", trigger: ".o2c_spread", run: "click" },
        { trigger: "[data-by=equal]", run: "click" },
        { content: "its share", trigger: `${cell(2, 1)}:contains(150)` },
        { content: "nothing is left", trigger: `${cell(0, 1)}:not(.o2c_gap)` },
        { content: "take it back", trigger: ".o2c_undo:enabled", run: "click" },
        { content: "as it was", trigger: `${cell(2, 1)}:contains(120)` },
        { content: "do it again", trigger: ".o2c_redo:enabled", run: "click" },
        { trigger: `${cell(2, 1)}:contains(150)` },
        { content: "lock a cell", trigger: cell(2, 2), run: "click" },
        { trigger: ".o2c_plan_scroll:focus", run: "press Control+l" },
        { trigger: `${cell(2, 2)}.o2c_locked` },
        { content: "it cannot be typed into", trigger: ".o2c_plan_scroll:focus", run: "press 7" },
        { trigger: ".o_notification:contains(locked)" },
        { content: "nor pasted over", trigger: cell(2, 1), run: "click" },
        paste("7\t8\tseven\t9"),
        { content: "each bad cell is told", trigger: ".o2c_paste_problems tbody tr:nth-child(3)" },
        { trigger: ".modal footer .btn-primary", run: "click" },
        { content: "and nothing is written", trigger: `body:not(:has(.modal)) ${cell(2, 1)}:contains(150)` },
        { content: "unfold a salesperson", trigger: `${cell(1, 0)} button`, run: "click" },
        { content: "to the customer", trigger: `${cell(2, 0)}:contains(Harbour)` },
        { content: "choose it", trigger: cell(2, 1), run: "click" },
        paste("1,234.50\t20"),
        { content: "a block is pasted", trigger: `${cell(2, 2)}:contains(20)` },
        { trigger: saved },
        { content: "clear a cell", trigger: cell(2, 3), run: "click" },
        { trigger: ".o2c_plan_scroll:focus", run: "press Delete" },
        { trigger: `${cell(2, 3)}.o2c_zero` },
        { trigger: ".o2c_plan_scroll:focus", run: "press Control+z" },
        { content: "and undo it", trigger: `${cell(2, 3)}:not(.o2c_zero)` },
        { content: "find a node", trigger: ".o2c_search input", run: "edit harbour" },
        { content: "and what is above it", trigger: ".o2c_plan_grid:not(:has([data-row='3'])) .o2c_found" },
        { content: "show all again", trigger: ".o2c_search button", run: "click" },
        { trigger: cell(4, 0) },
        { content: "adjust the forecast", trigger: ".o2c_mode", run: "click" },
        { trigger: "[data-mode=adjustment]", run: "click" },
        { trigger: ".o2c_mode:contains(Adjustments)" },
        ...type(2, 1, "40"),
        { content: "it counts above", trigger: `${cell(0, 1)}:contains(+40)` },
        { content: "fold all", trigger: ".o2c_fold", run: "click" },
        { trigger: ".o2c_plan_grid:not(:has([data-row='1']))" },
        { trigger: saved },
    ],
});

registry.category("web_tour.tours").add("o2c_plan_heat", {
    steps: () => [
        { content: "a period that is over", trigger: `${cell(0, 1)}.o2c_heat_far_behind:contains(50%)` },
        { content: "the legend", trigger: ".o2c_legend .o2c_heat_on_plan" },
        { content: "open it by the keyboard", trigger: cell(0, 1), run: "click" },
        { trigger: ".o2c_plan_scroll:focus", run: "press Enter" },
        { content: "the invoice it is made of", trigger: ".o_list_view .o_data_row td:contains(100.00)" },
    ],
});
