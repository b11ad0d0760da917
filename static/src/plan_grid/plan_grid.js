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

import { Commands } from "./commands";
import { COMPARISONS, Figures } from "./figures";
import { keyAction } from "./keyboard";
import { PasteProblems } from "./paste_problems";
import { PlanModel } from "./plan_model";
import { Selection } from "./selection";

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
        updateActionState?.({ resId: planId });
        this.plan = new PlanModel(planId, {
            orm: useService("orm"),
            openIds: state?.openIds,
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
        this.editorRef = useRef("editor");
        this.virtualGrid = useVirtualGrid({ scrollableRef: this.scrollRef, bufferCoef: 0.5 });
        useSetupAction({
            getLocalState: () => ({ compare: this.state.compare, openIds: this.plan.openIds }),
            beforeLeave: () => this.plan.ensureSaved(),
            beforeUnload: (ev) => this.plan.beforeUnload(ev),
        });
        useEffect(
            (editor) => {
                editor?.focus();
                editor?.setSelectionRange(editor.value.length, editor.value.length);
            },
            () => [this.editorRef.el]
        );
        useExternalListener(window, "online", () => this.plan.whenSaved());
        onWillStart(() => this.load());
        onMounted(() => this.focus());
    }

    async load() {
        await this.plan.load();
        const title = this.isOpenedFromPlan ? _t("Grid") : this.plan.info.name;
        this.env.config.setDisplayName(title || _t("Sales Plan"));
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
        return [{ name: null, label: _t("Targets Only") }, ...COMPARISONS];
    }

    get comparison() {
        return this.comparisons.find(({ name }) => name === this.state.compare);
    }

    get fillings() {
        return COMPARISONS.filter(({ name }) => name !== "actual");
    }

    get rowHeight() {
        return this.state.compare ? ROW_HEIGHT.compared : ROW_HEIGHT.plain;
    }

    /** The rows near those on the screen, and the height of what is above and below them. */
    get part() {
        const { rows } = this.grid;
        const height = this.rowHeight;
        this.virtualGrid.setRowsHeights(rows.map(() => height));
        const [first = 0, last = -1] = this.virtualGrid.rowsIndexes || [];
        return {
            before: first * height,
            after: Math.max(rows.length - 1 - last, 0) * height,
            rows: rows.slice(first, last + 1).map((node, place) => this._row(node, first + place)),
        };
    }

    _row(node, row) {
        const cells = [
            ...this.grid.periods.map((_period, index) => this.grid.cell(node.id, index) || {}),
            this.grid.rowTotal(node.id),
        ];
        return {
            node,
            row,
            name: this._choice(row, 0),
            cells: cells.map((cell, index) => ({
                ...this.figures.describe(node, cell, this.state.compare),
                ...this._choice(row, index + 1),
            })),
        };
    }

    _choice(row, column) {
        const { selection } = this;
        const isActive = selection.row === row && selection.column === column;
        return {
            column,
            isTotal: column === selection.totalColumn,
            isActive,
            isChosen: !selection.isOneCell && selection.has(row, column),
            edit: isActive && this.state.edit,
        };
    }

    /** What is known of the active cell, or what the chosen ones add up to. */
    get details() {
        const { commands, selection } = this;
        return selection.isOneCell
            ? this.figures.details(commands.activeNode, commands.activeCell)
            : this.figures.sums(selection.places);
    }

    get place() {
        const { periods } = this.selection;
        const ends = periods && [periods[0], ...periods.slice(1).slice(-1)];
        const labels = ends ? ends.map((index) => this.grid.periods[index].label) : [_t("Total")];
        return `${this.commands.activeNode.name} · ${labels.join(" – ")}`;
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
        if (this.finishEdit()) {
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
            this.startEdit();
        }
    }

    onDblclick(ev) {
        if (this.placeOf(ev.target) && !ev.target.closest("input, button")) {
            this.startEdit();
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
    unfoldLevel() {
        const folded = this.grid.rows.filter((node) => node.has_children && !node.isOpen);
        return this.plan.fold(folded, true);
    }

    foldAll() {
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
            // The editor is about to open: what is typed until then belongs to it.
            ev.preventDefault();
            this.state.edit.text += ev.key;
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

    /** Open the active cell to type, over its figure (``text``) or into it. */
    startEdit(text = null) {
        if (this.selection.column === 0) {
            this.toggle(this.commands.activeNode);
        } else if (this.commands.mayType()) {
            this.state.edit = { text: text ?? this.commands.typed, isOver: text !== null, isWrong: false };
            this.showActive();
        }
    }

    onEditorInput(ev) {
        Object.assign(this.state.edit, { text: ev.target.value, isWrong: false });
    }

    onEditorKeydown(ev) {
        ev.stopPropagation();
        if (ev.key === "Escape") {
            this.state.edit = null;
            this.focus();
            return;
        }
        const step = ev.shiftKey ? -1 : 1;
        const leave = {
            Enter: (selection) => selection.move(step, 0),
            Tab: (selection) => selection.next(step),
            ArrowUp: (selection) => selection.move(-1, 0),
            ArrowDown: (selection) => selection.move(1, 0),
            // What is typed over a figure is left with any arrow, what is typed into it is not.
            ...(this.state.edit.isOver && {
                ArrowLeft: (selection) => selection.move(0, -1),
                ArrowRight: (selection) => selection.move(0, 1),
            }),
        }[ev.key];
        if (leave) {
            ev.preventDefault();
            if (this.finishEdit()) {
                this.focus();
                this.choose(leave);
            }
        }
    }

    /** @returns {boolean} whether nothing is being typed any more */
    finishEdit() {
        const { edit } = this.state;
        if (edit && !this.commands.type(edit.text)) {
            edit.isWrong = true;
            this.editorRef.el?.select();
            return false;
        }
        this.state.edit = null;
        return true;
    }

    /** Going elsewhere takes over what was typed, unless it is no number. */
    onEditorBlur() {
        if (!this.finishEdit()) {
            this.state.edit = null;
        }
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
