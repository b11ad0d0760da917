"""Forecasts of a tree of nodes that add up. Pure: no database, no clock.

Every node is forecast from its own history, which is nearer than adding up the forecasts of many
small series; then, from the top down, the forecasts below a node are brought to its own in
proportion (top-down by forecast proportions: Hyndman and Athanasopoulos, *Forecasting: Principles
and Practice*, 3rd ed., 11.3). What a node sold beside all its children is forecast as one more child.

The band of a node comes from the errors of its own forecasts. It is narrower than the bands below it
added up, and rightly so: errors of customers partly cancel out, and how far they do is in the history
of the node above (FPP3, 11.4). So bands do not add up, while figures do. A node that was brought to
another figure keeps its band in proportion to it.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

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

    def grown(self, percent: float) -> "Outlook":
        """The same with growth on top of what is not over yet: times 1 + ``percent`` / 100."""
        factors = [1 + percent / 100 if period >= self.passed else 1 for period in range(len(self.values))]
        return self.scaled(factors)

    def scaled(self, factors: Sequence[float]) -> "Outlook":
        """The same, figures and band times a factor a period."""
        ends = [
            (factor * low, factor * high)
            for low, high, factor in zip(self.lower, self.upper, factors, strict=True)
        ]
        return replace(
            self,
            values=tuple(factor * value for value, factor in zip(self.values, factors, strict=True)),
            lower=tuple(map(min, ends)),
            upper=tuple(map(max, ends)),
        )


@dataclass(frozen=True, slots=True)
class Frame:
    """Where the periods of a plan lie to the history.

    :ivar periods: how many the plan has
    :ivar passed: how many of them are over
    :ivar gap: periods between the end of the history and the first of the plan that is not over
    :ivar season: periods a year
    :ivar parts: which part of each period is in the plan, whose first and last may be cut; empty
        where all are whole
    """

    periods: int
    passed: int = 0
    gap: int = 0
    season: int = 12
    parts: tuple[float, ...] = ()


def outlook(history: Sequence[float], frame: Frame, sold: Sequence[float] | None = None) -> Outlook:
    """The outlook of one series.

    Methods learn from whole periods; of a period that is cut by the end of the plan, its part of the
    forecast counts.

    :param history: of whole periods, the last the most recent that is over
    :param sold: in the periods that are over, within the plan; ``None``: what the history ends with
    """
    if sold is None:
        sold = history[len(history) - frame.passed:]
    ahead = frame.periods - frame.passed
    found = forecast(history, frame.gap + ahead if ahead else 0, frame.season)
    parts = (frame.parts or (1.0,) * frame.periods)[frame.passed:]
    expected = Outlook(
        *(figures[frame.gap:][:ahead] for figures in (found.values, found.lower, found.upper))
    ).scaled(parts)
    known = tuple(sold)
    return Outlook(
        known + expected.values,
        known + expected.lower,
        known + expected.upper,
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
    values, lower, upper = (
        tuple(round(figure) for figure in figures) for figures in (one.values, one.lower, one.upper)
    )
    return replace(one, values=values, lower=lower, upper=upper)


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
    """The same with other figures: the band in proportion, or moved along where nothing was expected."""
    factors = [new / old if old else 1.0 for new, old in zip(values, one.values, strict=True)]
    moved = [0 if old else new for new, old in zip(values, one.values, strict=True)]
    band = one.scaled(factors)
    return replace(
        one,
        values=values,
        lower=tuple(round(figure + by) for figure, by in zip(band.lower, moved, strict=True)),
        upper=tuple(round(figure + by) for figure, by in zip(band.upper, moved, strict=True)),
    )
