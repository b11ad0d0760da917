import { _t } from "@web/core/l10n/translation";

import { Conflicts } from "./conflicts";
import { History } from "./history";
import { PlanReader } from "./plan_reader";
import { SaveQueue } from "./save_queue";
import { isPassing, messageOf } from "./server";

/** A sales plan in the grid: changed at once and saved behind, with undo. */
export class PlanModel extends PlanReader {
    /** @param {Object} options as of {@link PlanReader} */
    constructor(id, options) {
        super(id, options);
        this.history = new History();
        this.conflicts = new Conflicts();
        this.queue = new SaveQueue({
            send: (changes) => this._write(changes),
            onSaved: (cells) => this.grid.merge(cells),
            onRefused: (error) => this._onRefused(error),
            isPassing,
            onChange: this.onChange,
        });
    }

    /** Read this plan anew. What was done before can no more be undone. */
    load() {
        this.history.clear();
        this.conflicts.clear();
        return super.load();
    }

    // ------------------------------------------------------------------
    // Changing
    // ------------------------------------------------------------------

    /** Make changes now and send them to the server behind. */
    change(changes) {
        this.conflicts.settle(changes);
        const entry = this.grid.apply(changes);
        if (entry.length) {
            this.history.push({ changes: entry });
            this._send(entry);
        }
    }

    /** Of cells that a colleague changed meanwhile take over what he wrote. */
    keepTheirs(conflicts) {
        this.conflicts.settle(conflicts);
        this.onChange();
    }

    /** Of such cells write what was wanted over what he wrote, which has been seen by now. */
    overwriteTheirs(conflicts) {
        this.change(
            conflicts.map(({ node_id, period_index, wanted }) => ({ node_id, period_index, ...wanted }))
        );
    }

    undo() {
        return this._replay(this.history.undo(), (changes) =>
            changes
                .map(({ place, before, after }) => ({ place, before: after, after: before }))
                .reverse()
        );
    }

    redo() {
        return this._replay(this.history.redo(), (changes) => changes);
    }

    /** Typed figures are changed here and sent; what was spread is put back by the server. */
    async _replay(entry, read) {
        if (entry?.changes) {
            const changes = read(entry.changes);
            this.grid.apply(changes.map(({ place, after }) => ({ ...place, ...after })));
            this._send(changes);
        } else if (entry) {
            const { targets, expected } = entry;
            const answer = await this._inBulk("grid_restore", { targets, expected });
            if (answer) {
                Object.assign(entry, { targets: answer.before, expected: answer.after });
                this._takeConflicts(answer.conflicts);
            } else {
                // What cannot be taken back ends what can.
                this.history.clear();
            }
            this.onChange();
        }
    }

    /** @param {{place: Object, before: Object, after: Object}[]} changes made here already */
    _send(changes) {
        this.queue.push(
            changes.map(({ place, before, after }) => ({
                ...place,
                ...after,
                before: this._expected(place, before),
            }))
        );
        this.onChange();
    }

    /** What the server should find in a cell, so that nothing is changed that was not seen. */
    _expected(place, before) {
        if ("adjustment" in before) {
            return before;
        }
        const { target, is_locked } = this.grid.cell(place.node_id, place.period_index);
        return { target, is_locked: Boolean(is_locked), ...before };
    }

    async _write(changes) {
        const { cells, conflicts } = await this.server.call("grid_write", {
            changes,
            shown_node_ids: [...this.grid.nodes.keys()],
        });
        this._takeConflicts(conflicts);
        return cells;
    }

    /** Cells that were not changed, as somebody else had done so before. */
    _takeConflicts(conflicts) {
        if (conflicts.length) {
            this.grid.apply(
                conflicts.map(({ node_id, period_index, now }) => ({ node_id, period_index, ...now }))
            );
            this.history.forget(conflicts);
            this.conflicts.add(conflicts);
        }
    }

    /**
     * Spread a node's figures over everything below it.
     *
     * @param {Object} node
     * @param {number[]|null} periods each of these alone; null shares the whole row out again
     * @param {string} by what the shares follow
     * @returns {Promise<boolean>} whether that was done
     */
    async spread(node, periods, by) {
        const before = this.grid.cells.get(node.id).map((cell) => cell.target);
        const options = { node_id: node.id, period_index: periods, by, before };
        const answer = await this._inBulk("grid_spread", options);
        if (!answer) {
            return false;
        }
        if (answer.conflicts.length) {
            const [{ period, by: name }] = answer.conflicts;
            const message = _t(
                "%(name)s changed %(node)s, %(period)s meanwhile. Nothing was spread: look and spread again.",
                { name: name || _t("Somebody"), node: node.name, period }
            );
            this.onError(message);
            return false;
        }
        this.history.push({ targets: answer.before, expected: answer.after });
        return true;
    }

    /** Let the server change many cells while nothing else is done. */
    async _inBulk(method, options) {
        if (!(await this.ensureSaved())) {
            return null;
        }
        this.isBusy = true;
        this.onChange();
        try {
            const shown_node_ids = [...this.grid.nodes.keys()];
            const answer = await this.server.call(method, { ...options, shown_node_ids, is_compact: true });
            this.grid.merge(answer.cells);
            return answer;
        } catch (error) {
            this.onError(messageOf(error));
            return null;
        } finally {
            this.isBusy = false;
            this.onChange();
        }
    }

    // ------------------------------------------------------------------
    // Saving
    // ------------------------------------------------------------------

    get saving() {
        return this.isBusy ? "saving" : this.queue.state;
    }

    whenSaved() {
        return this.queue.flush();
    }

    /**
     * Save before something is done that needs it, such as leaving the grid.
     *
     * @returns {Promise<boolean>} whether everything is saved; says why not
     */
    async ensureSaved() {
        await this.whenSaved();
        if (this.queue.state === "stuck") {
            this.onError(_t("The last changes are not saved yet: the server cannot be reached."));
            return false;
        }
        return true;
    }

    beforeUnload(ev) {
        if (this.queue.state !== "saved") {
            ev.preventDefault();
        }
    }

    async _onRefused(error) {
        this.onError(messageOf(error));
        await this.reload();
    }
}
