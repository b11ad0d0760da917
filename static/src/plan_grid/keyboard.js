const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/**
 * What a key does in the grid while nothing is being typed.
 *
 * @param {KeyboardEvent} ev
 * @param {import("./plan_grid").PlanGrid} grid
 * @param {string} decimalPoint with which a number may begin
 * @returns {Function|undefined} nothing where the key is not ours
 */
export function keyAction(ev, grid, decimalPoint) {
    const isControl = ev.ctrlKey || ev.metaKey;
    if (ev.altKey) {
        return undefined;
    }
    if (isControl) {
        return controlAction(ev, grid);
    }
    if (ev.key in ARROWS) {
        return arrowAction(ev, grid);
    }
    if (ev.key.length === 1 && (/[\d+\-(]/.test(ev.key) || ev.key === decimalPoint)) {
        return () => grid.editor.start(ev.key);
    }
    return plainAction(ev, grid);
}

function arrowAction(ev, grid) {
    const [rows, columns] = ARROWS[ev.key];
    if (grid.selection.column === 0 && columns && !ev.shiftKey) {
        return () => grid.arrowOnName(columns);
    }
    return () => grid.choose((selection) => selection.move(rows, columns, ev.shiftKey));
}

function plainAction(ev, grid) {
    const go = (move) => () => grid.choose(move);
    const { row, column, totalColumn } = grid.selection;
    const actions = {
        Enter: grid.isHeat
            ? () => grid.openDocuments()
            : go((selection) => selection.move(ev.shiftKey ? -1 : 1, 0)),
        Tab: go((selection) => selection.next(ev.shiftKey ? -1 : 1)),
        Home: go((selection) => selection.moveTo(row, 0, ev.shiftKey)),
        End: go((selection) => selection.moveTo(row, totalColumn, ev.shiftKey)),
        PageUp: go((selection) => selection.move(-grid.pageSize, 0, ev.shiftKey)),
        PageDown: go((selection) => selection.move(grid.pageSize, 0, ev.shiftKey)),
        F2: () => grid.editor.start(),
        Delete: () => grid.commands.clear(),
        Backspace: () => grid.commands.clear(),
    };
    if (column === 0) {
        actions.Enter = () => grid.toggle(grid.activeNode);
        actions[" "] = actions.Enter;
    }
    return isTabOut(ev, grid.selection) ? undefined : actions[ev.key];
}

/** From the first and the last cell Tab leaves the grid, so that nobody is caught in it. */
function isTabOut(ev, { row, column, totalColumn, grid }) {
    if (ev.key !== "Tab") {
        return false;
    }
    return ev.shiftKey
        ? row === 0 && column <= 1
        : row === grid.rows.length - 1 && column === totalColumn;
}

function controlAction(ev, grid) {
    const last = grid.grid.rows.length - 1;
    const { column, totalColumn } = grid.selection;
    const actions = {
        enter: () => grid.openDocuments(),
        z: () => (ev.shiftKey ? grid.commands.redo() : grid.commands.undo()),
        y: () => grid.commands.redo(),
        l: () => grid.commands.toggleLock(),
        a: () =>
            grid.choose((selection) => {
                selection.moveTo(0, 1);
                selection.moveTo(last, totalColumn, true);
            }),
        home: () => grid.choose((selection) => selection.moveTo(0, 1, ev.shiftKey)),
        end: () => grid.choose((selection) => selection.moveTo(last, totalColumn, ev.shiftKey)),
        arrowup: () => grid.choose((selection) => selection.moveTo(0, column, ev.shiftKey)),
        arrowdown: () => grid.choose((selection) => selection.moveTo(last, column, ev.shiftKey)),
    };
    return actions[ev.key.toLowerCase()];
}
