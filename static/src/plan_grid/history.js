import { keyOf } from "./conflicts";

const LIMIT = 200;

/** What was done and can be taken back, and what was taken back and can be done again. Pure. */
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
        this.done = [...this.done.slice(1 - LIMIT), entry];
        this.undone = [];
    }

    /** These changes were not made after all: they can be neither taken back nor done again. */
    forget(places) {
        const refused = new Set(places.map(keyOf));
        const isMade = ({ place }) => !refused.has(keyOf(place));
        const rest = (entries) =>
            entries
                .map((entry) =>
                    entry.changes ? { ...entry, changes: entry.changes.filter(isMade) } : entry
                )
                .filter((entry) => !entry.changes || entry.changes.length);
        this.done = rest(this.done);
        this.undone = rest(this.undone);
    }

    /** @returns {Object|undefined} what is to be taken back */
    undo() {
        return this._move(this.done, this.undone);
    }

    /** @returns {Object|undefined} what is to be done again */
    redo() {
        return this._move(this.undone, this.done);
    }

    _move(from, to) {
        const entry = from.pop();
        if (entry) {
            to.push(entry);
        }
        return entry;
    }
}
