/**
 * Numbers as people type and paste them. Pure: it knows nothing of the screen or the server.
 *
 * @typedef {Object} NumberFormat
 * @property {string} decimalPoint of the reader's language
 * @property {string} thousandsSep of the reader's language, may be empty
 * @property {string[]} [units] what may stand before or after a number: "€", "EUR"
 */

const SPACES = /[\s\u00a0\u202f]+/g;
const escape = (text) => text.replace(/[-\\^$*+?.()|[\]{}]/g, "\\$&");

/**
 * What a text means, strictly: "1,5" where the comma separates thousands is no number rather than
 * 15. A block of figures half of which were read in another way would be worse than one refused.
 *
 * @param {string} text
 * @param {NumberFormat} format
 * @returns {number|null} null for an empty text, NaN for anything that is not one number
 */
export function parseNumber(text, format) {
    const plain = text.replace(SPACES, " ").replace(/\u2212/g, "-").trim();
    if (!plain) {
        return null;
    }
    const { sign, rest } = splitSign(plain, format.units || []);
    const match = shape(format).exec(rest);
    if (!match || !/^\D?\d/.test(rest)) {
        return NaN;
    }
    const { whole, fraction, exponent } = match.groups;
    const digits = `${whole.replace(/\D/g, "") || 0}.${fraction || 0}${exponent || ""}`;
    const value = sign * Number(digits);
    return Number.isFinite(value) ? value || 0 : NaN;
}

/**
 * What was typed over a figure: a number, or a change in percent such as "+5%".
 *
 * @param {string} text
 * @param {number} current the figure that is typed over
 * @param {NumberFormat} format
 * @returns {number|null} as of {@link parseNumber}
 */
export function readEntry(text, current, format) {
    const change = /^\s*([+\-\u2212].*)%\s*$/.exec(text);
    if (!change) {
        return parseNumber(text, format);
    }
    const percent = parseNumber(change[1], format);
    return percent === null ? NaN : current * (1 + percent / 100);
}

/** A number without separators of thousands, as a spreadsheet of the same language reads it. */
export function writeNumber(value, decimals, { decimalPoint }) {
    return value.toFixed(decimals).replace(".", decimalPoint);
}

/** The nearest multiple of ``precision``, half away from zero. */
export function roundTo(value, precision) {
    return fromUnits(toUnits(value, precision), precision);
}

/** How many smallest units an amount is. */
export function toUnits(value, precision) {
    const size = Math.abs(value) / precision;
    // What lies on the half but for the noise of floats is on the half.
    return Math.sign(value) * Math.round(size * (1 + 2 ** -50)) || 0;
}

/** The amount of so many smallest units. */
export function fromUnits(units, precision) {
    return precision < 1 ? units / Math.round(1 / precision) : units * precision;
}

/**
 * Split whole units in proportion to weights, by the largest remainder, as the server does.
 * Weights below zero count as zero; without any weight the parts are equal.
 *
 * @param {number} total whole units
 * @param {number[]} weights
 * @returns {number[]} whole units that add up to ``total``
 */
export function apportion(total, weights) {
    let counted = weights.map((weight) => Math.max(weight, 0));
    if (!counted.some(Boolean)) {
        counted = weights.some(Boolean) ? weights.map(Math.abs) : weights.map(() => 1);
    }
    const whole = counted.reduce((sum, weight) => sum + weight, 0);
    const quotas = counted.map((weight) => (Math.abs(total) * weight) / whole);
    const parts = quotas.map(Math.floor);
    const missing = Math.abs(total) - parts.reduce((sum, part) => sum + part, 0);
    const byRest = quotas
        .map((quota, position) => ({ position, rest: quota - parts[position] }))
        .sort((a, b) => b.rest - a.rest || a.position - b.position);
    byRest.slice(0, missing).forEach(({ position }) => parts[position]++);
    return parts.map((part) => Math.sign(total) * part || 0);
}

/** The sign may stand before or after a unit, behind the number, or be a pair of brackets. */
function splitSign(text, units) {
    const inBrackets = /^\((.+)\)$/.exec(text);
    let rest = withoutUnits(inBrackets ? inBrackets[1] : text, units);
    let sign = inBrackets ? -1 : 1;
    const signed = /^([+-]) ?(.+)$|^(\d.*?) ?(-)$/.exec(rest);
    if (signed) {
        sign = signed[1] === "+" ? sign : -sign;
        rest = withoutUnits(signed[2] || signed[3], units);
    }
    return { sign, rest };
}

function withoutUnits(text, units) {
    let rest = text.trim();
    for (const unit of units.filter(Boolean)) {
        if (rest.startsWith(unit)) {
            rest = rest.slice(unit.length).trim();
        } else if (rest.endsWith(unit)) {
            rest = rest.slice(0, -unit.length).trim();
        }
    }
    return rest;
}

/** Digits, perhaps in groups of three or (India) two before the last three, all separated alike. */
function shape({ decimalPoint, thousandsSep }) {
    const separators = [thousandsSep.replace(SPACES, " "), " ", "'", "\u2019"]
        .filter((separator) => separator && separator !== decimalPoint)
        .map(escape)
        .join("|");
    const grouped = `\\d{1,3}(?<separator>${separators})(?:\\d{2,3}\\k<separator>)*\\d{3}`;
    return new RegExp(
        `^(?<whole>${grouped}|\\d*)(?:${escape(decimalPoint)}(?<fraction>\\d*))?` +
            "(?<exponent>[eE][+-]?\\d{1,3})?$"
    );
}
