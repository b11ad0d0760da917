/**
 * Sends changes to the server, one batch after the other and in the order they were made.
 *
 * What the server answers is held back while anything is on its way, so that a figure typed
 * meanwhile is not overwritten by an older one.
 */
export class SaveQueue {
    /**
     * @param {Object} options
     * @param {(changes: Object[]) => Promise<Object>} options.send resolves to the changed cells
     * @param {(cells: Object) => void} options.onSaved everything is saved, with the changed cells
     * @param {(error: Error) => void} options.onRefused what was not saved yet is dropped
     * @param {(error: Error) => boolean} options.isPassing whether sending again may help
     * @param {() => void} options.onChange the state of saving has changed
     */
    constructor(options) {
        this.options = options;
        this.waiting = [];
        this.running = null;
        this.isStuck = false;
    }

    /** @returns {"saved"|"saving"|"stuck"} */
    get state() {
        if (this.isStuck) {
            return "stuck";
        }
        return this.running || this.waiting.length ? "saving" : "saved";
    }

    push(changes) {
        this.waiting.push(...changes);
        return this.flush();
    }

    /** Send all that waits; resolves when that is done or cannot be done. */
    flush() {
        if (!this.running && this.waiting.length) {
            this.isStuck = false;
            this.running = this._run().finally(() => {
                this.running = null;
                this.options.onChange();
            });
            this.options.onChange();
        }
        return this.running || Promise.resolve();
    }

    async _run() {
        const saved = {};
        while (this.waiting.length) {
            const batch = this._nextBatch();
            try {
                Object.assign(saved, await this.options.send(batch));
                this.waiting.splice(0, batch.length);
            } catch (error) {
                this.isStuck = this.options.isPassing(error);
                if (!this.isStuck) {
                    this.waiting = [];
                    await this.options.onRefused(error);
                }
                return;
            }
        }
        this.options.onSaved(saved);
    }

    /** Targets and locks go separately: which of the two comes first makes a difference. */
    _nextBatch() {
        const isLock = (change) => "is_locked" in change;
        const kind = isLock(this.waiting[0]);
        const end = this.waiting.findIndex((change) => isLock(change) !== kind);
        return this.waiting.slice(0, end < 0 ? this.waiting.length : end);
    }
}
