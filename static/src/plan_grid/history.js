const LIMIT = 200;

/**
 * What can be undone and done again. An entry is a list of changes, each with a ``place`` and the
 * values ``before`` and ``after``. Pure: whoever uses it applies the changes.
 */
export class History {
    constructor() {
        this.clear();
    }

    clear() {
        this.done = [];
        this.undone = [];
    }

    get canUndo() {
        return this.done.length > 0;
    }

    get canRedo() {
        return this.undone.length > 0;
    }

    /** Something new was done: what had been undone before cannot be done again. */
    push(entry) {
        if (entry.length) {
            this.done = [...this.done.slice(1 - LIMIT), entry];
            this.undone = [];
        }
    }

    /** @returns {Object[]} the changes that take the last entry back, in their order */
    undo() {
        const entry = this.done.pop();
        if (!entry) {
            return [];
        }
        this.undone.push(entry);
        return entry.map(({ place, before }) => ({ ...place, ...before })).reverse();
    }

    /** @returns {Object[]} the changes of the entry that was undone last */
    redo() {
        const entry = this.undone.pop();
        if (!entry) {
            return [];
        }
        this.done.push(entry);
        return entry.map(({ place, after }) => ({ ...place, ...after }));
    }
}
