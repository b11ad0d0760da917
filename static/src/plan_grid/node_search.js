import { useDebounced } from "@web/core/utils/timing";

import { useExternalListener, useRef, useState } from "@odoo/owl";

const DELAY = 300;

/** The field in which nodes are found by their names. */
class NodeSearch {
    constructor(grid, inputRef, state) {
        Object.assign(this, { grid, inputRef, state });
    }

    get text() {
        return this.state.text;
    }

    focus() {
        this.inputRef.el?.select();
    }

    /** Most rows are not on the page: the browser would not find them. */
    onWindowKeydown(ev) {
        const isFind = (ev.ctrlKey || ev.metaKey) && !ev.altKey && ev.key.toLowerCase() === "f";
        if (isFind && this.inputRef.el && !document.querySelector(".modal")) {
            ev.preventDefault();
            this.focus();
        }
    }

    onInput(ev) {
        this.state.text = ev.target.value;
        this.searchSoon();
    }

    onKeydown(ev) {
        if (ev.key === "Escape") {
            this.clear();
        } else if (["Enter", "ArrowDown"].includes(ev.key)) {
            ev.preventDefault();
            this.grid.focus();
        }
    }

    async clear() {
        this.state.text = "";
        await this.grid.plan.search("");
        this.grid.focus();
        this.grid.showActive();
    }
}

/**
 * @param {import("./plan_grid").PlanGrid} grid
 * @returns {NodeSearch}
 */
export function useNodeSearch(grid) {
    const search = new NodeSearch(grid, useRef("search"), useState({ text: "" }));
    search.searchSoon = useDebounced(() => grid.plan.search(search.text), DELAY);
    useExternalListener(window, "keydown", (ev) => search.onWindowKeydown(ev));
    return search;
}
