/** Typing into the active cell of the grid. */
export class CellEditor {
    /**
     * @param {import("./plan_grid").PlanGrid} grid
     * @param {{el: HTMLInputElement|null}} inputRef
     */
    constructor(grid, inputRef) {
        Object.assign(this, { grid, inputRef });
    }

    get edit() {
        return this.grid.state.edit;
    }

    /** Open the active cell to type, over its figure (``text``) or into it. */
    start(text = null) {
        const { commands, selection, state } = this.grid;
        if (selection.column === 0) {
            this.grid.toggle(commands.activeNode);
        } else if (this.grid.isHeat) {
            this.grid.openDocuments();
        } else if (commands.mayType()) {
            state.edit = { text: text ?? commands.typed, isOver: text !== null, isWrong: false };
            this.grid.showActive();
        }
    }

    /** The input is not there yet: what is typed until then belongs to it. */
    append(text) {
        this.edit.text += text;
    }

    onInput(ev) {
        Object.assign(this.edit, { text: ev.target.value, isWrong: false });
    }

    onKeydown(ev) {
        ev.stopPropagation();
        if (ev.key === "Escape") {
            this.grid.state.edit = null;
            this.grid.focus();
            return;
        }
        const step = ev.shiftKey ? -1 : 1;
        const leave = {
            Enter: (selection) => selection.move(step, 0),
            Tab: (selection) => selection.next(step),
            ArrowUp: (selection) => selection.move(-1, 0),
            ArrowDown: (selection) => selection.move(1, 0),
            // What is typed over a figure is left with any arrow, what is typed into it is not.
            ...(this.edit.isOver && {
                ArrowLeft: (selection) => selection.move(0, -1),
                ArrowRight: (selection) => selection.move(0, 1),
            }),
        }[ev.key];
        if (leave) {
            ev.preventDefault();
            if (this.finish()) {
                this.grid.focus();
                this.grid.choose(leave);
            }
        }
    }

    /** @returns {boolean} whether nothing is being typed any more */
    finish() {
        const { edit } = this;
        if (edit && !this.grid.commands.type(edit.text)) {
            edit.isWrong = true;
            this.inputRef.el?.select();
            return false;
        }
        this.grid.state.edit = null;
        return true;
    }

    /** Going elsewhere takes over what was typed, unless it is no number. */
    onBlur() {
        if (!this.finish()) {
            this.grid.state.edit = null;
        }
    }
}
