import { browser } from "@web/core/browser/browser";
import { _t } from "@web/core/l10n/translation";
import { localization } from "@web/core/l10n/localization";
import { Dropdown } from "@web/core/dropdown/dropdown";
import { DropdownItem } from "@web/core/dropdown/dropdown_item";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { useVirtualGrid } from "@web/core/virtual_grid_hook";
import { useSetupAction } from "@web/search/action_hook";
import { Layout } from "@web/search/layout";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";

import { CellEditor } from "./cell_editor";
import { Commands } from "./commands";
import { COMPARISONS, Figures, MODES } from "./figures";
import { keyAction } from "./keyboard";
import { useNodeSearch } from "./node_search";
import { PasteProblems } from "./paste_problems";
import { PlanModel } from "./plan_model";
import { Selection } from "./selection";
import { ShownRows } from "./shown_rows";

import { Component, onMounted, onWillStart, useEffect, useExternalListener, useRef, useState } from "@odoo/owl";

const ROW_HEIGHT = { plain: 34, compared: 50 };

/** A sales plan as a spreadsheet: nodes as a tree in rows, periods in columns. */
export class PlanGrid extends Component {
    static template = "order_to_cash.PlanGrid";
    static path = "o2c-plan-grid";
    static displayName = _t("Sales Plan");
    static components = { Dropdown, DropdownItem, Layout };
    static props = { ...standardActionServiceProps };

    setup() {
        this.action = useService("action");
        this.dialog = useService("dialog");
        this.notification = useService("notification");
        const { action, state, resId, updateActionState } = this.props;
        const planId = resId || action.params?.plan_id || action.context?.active_id;
        if (planId) {
            updateActionState?.({ resId: planId });
        }
        this.plan = new PlanModel(planId, {
            orm: useService("orm"),
            openIds: state?.openIds,
            mode: state?.mode || action.params?.mode || "target",
            onChange: () => {
                this.selection.keepVisible();
                this.render();
            },
            onError: (message) => this.notification.add(message, { type: "danger" }),
        });
        this.figures = new Figures(this.plan);
        this.selection = new Selection(this.plan.grid);
        this.commands = new Commands(this.plan, this.selection, {
            warn: (message) => this.notification.add(message, { type: "warning" }),
            showProblems: (problems) =>
                this.dialog.add(PasteProblems, { problems }, { onClose: () => this.focus() }),
        });
        this.state = useState({ compare: state?.compare || null, edit: null });
        this.display = { controlPanel: {} };
        this.scrollRef = useRef("scroll");
        const editorRef = useRef("editor");
        this.editor = new CellEditor(this, editorRef);
        this.shown = new ShownRows(this);
        this.search = useNodeSearch(this);
        this.virtualGrid = useVirtualGrid({ scrollableRef: this.scrollRef, bufferCoef: 0.5 });
        useSetupAction({
            getLocalState: () => ({
                compare: this.state.compare,
                mode: this.plan.mode,
                openIds: this.plan.openIds,
            }),
            beforeLeave: () => this.plan.ensureSaved(),
            beforeUnload: (ev) => this.plan.beforeUnload(ev),
        });
        useEffect(
            (editor) => {
                editor?.focus();
                editor?.setSelectionRange(editor.value.length, editor.value.length);
            },
            () => [editorRef.el]
        );
        useExternalListener(window, "online", () => this.plan.whenSaved());
        onWillStart(() => this.load());
        onMounted(() => this.focus());
    }

    async load() {
        await this.plan.load();
        const title = this.isOpenedFromPlan ? _t("Grid") : this.plan.info.name;
        this.env.config.setDisplayName(title || this.props.action.name || _t("Sales Plan"));
    }

    async openBoard(id) {
        await this.plan.open(id);
        this.env.config.setDisplayName(this.plan.info.name);
        this.choose((selection) => selection.moveTo(0, 1));
    }

    // ------------------------------------------------------------------
    // What is shown
    // ------------------------------------------------------------------

    get grid() {
        return this.plan.grid;
    }

    get isOpenedFromPlan() {
        return this.env.config.breadcrumbs.length > 1;
    }

    get comparisons() {
        return [{ name: null, label: _t("Nothing") }, ...COMPARISONS];
    }

    get compareLabel() {
        return _t("Compare With");
    }

    get comparison() {
        return this.comparisons.find(({ name }) => name === this.state.compare);
    }

    get modes() {
        return MODES;
    }

    get mode() {
        return MODES.find(({ name }) => name === this.plan.mode);
    }

    get isHeat() {
        return this.plan.mode === "attainment";
    }

    /** The figure beside the first one; attainment stands alone. */
    get compared() {
        return this.isHeat ? null : this.state.compare;
    }

    get fillings() {
        return COMPARISONS.filter(({ name }) => name !== "actual");
    }

    get rowHeight() {
        return this.compared ? ROW_HEIGHT.compared : ROW_HEIGHT.plain;
    }

    // ------------------------------------------------------------------
    // Choosing and folding
    // ------------------------------------------------------------------

    focus() {
        this.scrollRef.el?.focus({ preventScroll: true });
    }

    /** Move the choice by ``move`` and bring it into view. */
    choose(move) {
        move(this.selection);
        this.showActive();
        this.render();
    }

    showActive() {
        const el = this.scrollRef.el;
        const heads = el.querySelectorAll("thead th");
        const foot = el.querySelector("tfoot")?.offsetHeight || 0;
        const top = this.selection.row * this.rowHeight;
        const bottom = top + this.rowHeight - (el.clientHeight - heads[0].offsetHeight - foot);
        el.scrollTop = Math.max(Math.min(el.scrollTop, top), bottom);
        const head = heads[this.selection.column];
        if (getComputedStyle(head).position === "sticky" && head.classList.contains("o2c_sticky")) {
            return;
        }
        const total = heads[heads.length - 1];
        const covered = total.classList.contains("o2c_sticky") ? total.offsetWidth : 0;
        const right = head.offsetLeft + head.offsetWidth - el.clientWidth + covered;
        el.scrollLeft = Math.max(Math.min(el.scrollLeft, head.offsetLeft - heads[0].offsetWidth), right);
    }

    placeOf(target) {
        const cell = target.closest("[data-column]");
        const row = target.closest("[data-row]");
        return cell && row ? [Number(row.dataset.row), Number(cell.dataset.column)] : null;
    }

    onMousedown(ev) {
        const place = this.placeOf(ev.target);
        if (ev.target.closest("input, button") || !place || ev.button !== 0) {
            return;
        }
        ev.preventDefault();
        if (this.editor.finish()) {
            this.focus();
            this.choose((selection) => selection.moveTo(...place, ev.shiftKey));
        }
    }

    onMousemove(ev) {
        const place = ev.buttons === 1 && !this.state.edit && this.placeOf(ev.target);
        if (place && String(place) !== String([this.selection.row, this.selection.column])) {
            this.choose((selection) => selection.moveTo(...place, true));
        }
    }

    /** A second tap on the same cell opens it, as a double click does. */
    onClick(ev) {
        const place = this.placeOf(ev.target);
        const isSame = place && String(place) === String(this.lastTap);
        this.lastTap = place;
        if (isSame && ev.pointerType === "touch") {
            this.editor.start();
        }
    }

    onDblclick(ev) {
        if (this.placeOf(ev.target) && !ev.target.closest("input, button")) {
            this.editor.start();
        }
    }

    async toggle(node, isOpen = !node.isOpen) {
        if (node.has_children) {
            await this.plan.fold([node], isOpen);
            this.selection.keepVisible();
            this.render();
        }
    }

    /** Open one more level of the tree. */
    async unfoldLevel() {
        this.focus();
        const folded = this.grid.rows.filter((node) => node.has_children && !this.grid.isUnfolded(node));
        await this.plan.fold(folded, true);
    }

    foldAll() {
        this.focus();
        this.grid.foldAll();
        this.selection.keepVisible();
        this.render();
    }

    // ------------------------------------------------------------------
    // Keys and typing
    // ------------------------------------------------------------------

    onKeydown(ev) {
        const act = !this.state.edit && keyAction(ev, this, localization.decimalPoint);
        if (act) {
            ev.preventDefault();
            ev.stopPropagation();
            act();
            this.render();
        } else if (this.state.edit && ev.key.length === 1 && !ev.ctrlKey && !ev.metaKey) {
            ev.preventDefault();
            this.editor.append(ev.key);
        }
    }

    /** How many rows fit on the screen. */
    get pageSize() {
        return Math.max(Math.floor(this.scrollRef.el.clientHeight / this.rowHeight) - 2, 1);
    }

    /** Left and right on a name fold it, and go to the one above and into the row. */
    arrowOnName(step) {
        const node = this.commands.activeNode;
        if (step > 0) {
            return node.has_children && !node.isOpen
                ? this.toggle(node, true)
                : this.choose((selection) => selection.move(0, 1));
        }
        const parentRow = this.grid.rowOf(node.parent_id);
        return node.isOpen || parentRow < 0
            ? this.toggle(node, false)
            : this.choose((selection) => selection.moveTo(parentRow, 0));
    }

    // ------------------------------------------------------------------
    // Commands
    // ------------------------------------------------------------------

    /** Do one of the commands and go on in the grid. */
    async run(name, ...args) {
        await this.commands[name](...args);
        this.render();
        this.focus();
    }

    setMode(name) {
        this.plan.mode = name;
        this.state.edit = null;
        this.render();
        // After the menu, which gives the focus back to its button.
        browser.setTimeout(() => this.focus());
    }

    /** Bring the next cell into view that a colleague changed meanwhile. */
    showNextConflict() {
        const { node_id, period_index } = this.plan.conflicts.after(this.commands.conflict);
        const row = this.grid.rowOf(node_id);
        this.choose((selection) => selection.moveTo(Math.max(row, 0), period_index + 1));
        this.focus();
    }

    toggleDecimals() {
        this.figures.toggleDecimals();
        this.render();
    }

    onCopy(ev) {
        if (!this.state.edit) {
            ev.clipboardData.setData("text/plain", this.commands.copy());
            ev.preventDefault();
        }
    }

    onPaste(ev) {
        if (!this.state.edit) {
            ev.preventDefault();
            this.commands.paste(ev.clipboardData.getData("text/plain"));
            this.showActive();
            this.render();
        }
    }

    async export() {
        if (await this.plan.ensureSaved()) {
            this.action.doAction({
                type: "ir.actions.act_url",
                url: `/order_to_cash/plan/${this.plan.id}.xlsx`,
                target: "download",
            });
        }
    }

    async import() {
        if (await this.plan.ensureSaved()) {
            this.action.doAction("order_to_cash.o2c_sales_plan_import_action", {
                additionalContext: { default_plan_id: this.plan.id },
                onClose: () => this.plan.reload(),
            });
        }
    }

    /** The documents that the actual of the active cell is made of. */
    async openDocuments() {
        const { active, periods } = this.selection;
        const [period = null] = periods?.length === 1 ? periods : [];
        if (await this.plan.ensureSaved()) {
            this.action.doAction(await this.plan.documents(active.nodeId, period));
        }
    }

    openAt(row, column) {
        this.choose((selection) => selection.moveTo(row, column));
        return this.openDocuments();
    }

    openPlan() {
        this.action.doAction({
            type: "ir.actions.act_window",
            res_model: "o2c.sales.plan",
            res_id: this.plan.id,
            views: [[false, "form"]],
        });
    }
}

registry.category("actions").add("o2c_plan_grid", PlanGrid);
