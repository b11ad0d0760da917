/**
 * The cells of a plan that somebody else changed while they were being changed here. Pure.
 *
 * @typedef {Object} Conflict
 * @property {number} node_id
 * @property {number} period_index
 * @property {string} node
 * @property {string} period
 * @property {Object} wanted what was to be written: target, adjustment or is_locked
 * @property {{target: number, adjustment: number, is_locked: boolean}} now what is there instead
 * @property {string|false} by who changed it, where that is known
 */
export class Conflicts {
    constructor() {
        this._byPlace = new Map();
    }

    get size() {
        return this._byPlace.size;
    }

    /** @returns {Conflict[]} in the order in which they came up */
    get all() {
        return [...this._byPlace.values()];
    }

    /** @param {Conflict[]} conflicts */
    add(conflicts) {
        for (const conflict of conflicts) {
            const known = this._byPlace.get(keyOf(conflict));
            // Changed twice before the answer came: all of it is still wanted.
            const wanted = { ...known?.wanted, ...conflict.wanted };
            this._byPlace.set(keyOf(conflict), { ...conflict, wanted });
        }
    }

    at(nodeId, period) {
        return this._byPlace.get(keyOf({ node_id: nodeId, period_index: period })) || null;
    }

    /** The one after ``conflict``, the first one after the last. */
    after(conflict) {
        const { all } = this;
        return all[(all.indexOf(conflict) + 1) % all.length] || null;
    }

    /** Forget those of the given places. */
    settle(places) {
        places.forEach((place) => this._byPlace.delete(keyOf(place)));
    }

    clear() {
        this._byPlace.clear();
    }
}

export function keyOf({ node_id, period_index }) {
    return `${node_id}:${period_index}`;
}
