"""Forecasts of a tree of nodes that add up. Pure: no database, no clock.

Every node is forecast from its own history, which is nearer than adding up the forecasts of many
small series; then, from the top down, the forecasts below a node are brought to its own in
proportion (top-down by forecast proportions: Hyndman and Athanasopoulos, *Forecasting: Principles
and Practice*, 3rd ed., 11.3). What a node sold beside all its children is forecast as one more child.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

from .apportion import apportion
from .forecast import forecast

NOTHING = "none"


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is expected in the periods of a plan, in any one unit.

    :ivar values: with ``lower`` and ``upper`` one figure a period
    :ivar passed: so many of them, from the first, are over and are what was sold
    :ivar method: a key of ``forecast.METHODS``, or ``none``
    :ivar mase: error of the method on the last year, ``None`` where not known
    """

    values: tuple[float, ...]
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    passed: int = 0
    method: str = NOTHING
    mase: float | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """Where the periods of a plan lie to the history.

    :ivar periods: how many the plan has
    :ivar passed: how many of them the history ends with
    :ivar gap: periods between the end of the history and the first of the plan
    :ivar season: periods a year
    :ivar growth: percent on top of what the past says
    """

    periods: int
    passed: int = 0
    gap: int = 0
    season: int = 12
    growth: float = 0.0


def outlook(history: Sequence[float], frame: Frame) -> Outlook:
    """The outlook of one series."""
    known = tuple(history[len(history) - frame.passed:]) if frame.passed else ()
    ahead = frame.gap + frame.periods - frame.passed
    found = forecast(history, ahead, frame.season).grown(frame.growth)
    return Outlook(
        known + found.values[frame.gap:],
        known + found.lower[frame.gap:],
        known + found.upper[frame.gap:],
        frame.passed,
        found.method,
        found.score.mase if found.score else None,
    )


def reconcile(
    outlooks: Mapping[Hashable, Outlook],
    parents: Mapping[Hashable, Hashable | None],
    beside: Mapping[Hashable, Outlook],
) -> dict[Hashable, Outlook]:
    """Outlooks in whole units in which nothing below a node is more or less than its share.

    :param outlooks: of every node, in the smallest unit
    :param parents: of every node its parent, ``None`` at the top
    :param beside: of nodes with children, what they sell that is none of the children's
    """
    below: dict[Hashable, list] = {}
    for node, parent in parents.items():
        below.setdefault(parent, []).append(node)
    result = {node: _whole(outlooks[node]) for node in below.get(None, ())}
    waiting = list(result)
    for node in waiting:
        children = below.get(node, ())
        result |= _shared(result[node], [(child, outlooks[child]) for child in children], beside.get(node))
        waiting.extend(children)
    return result


def _whole(one: Outlook) -> Outlook:
    return Outlook(
        *(tuple(round(value) for value in figures) for figures in (one.values, one.lower, one.upper)),
        one.passed,
        one.method,
        one.mase,
    )


def _shared(parent, children, beside):
    if not children:
        return {}
    columns = []
    for period, total in enumerate(parent.values):
        weights = [child.values[period] for _key, child in children]
        if period < parent.passed:
            columns.append([round(weight) for weight in weights])
            continue
        shares = apportion(round(total), [*weights, beside.values[period] if beside else 0.0])
        columns.append(shares.units[:-1] if any(weights) else [0] * len(weights))
    rows = zip(*columns, strict=True) if columns else ((),) * len(children)
    return {
        key: _brought_to(child, tuple(values)) for (key, child), values in zip(children, rows, strict=True)
    }


def _brought_to(one, values):
    """The same with other figures, the band scaled with them."""
    scale = [new / old if old else 1.0 for new, old in zip(values, one.values, strict=True)]
    return Outlook(
        values,
        tuple(round(figure * factor) for figure, factor in zip(one.lower, scale, strict=True)),
        tuple(round(figure * factor) for figure, factor in zip(one.upper, scale, strict=True)),
        one.passed,
        one.method,
        one.mase,
    )
