"""What a person may make of a proposed notice's level, and which of its items then climb.

How it works: a notice is proposed at the highest level that one of its items has just reached. A
person may send a milder letter: then only those items climb whose proposed level is not above that
of the letter, the others stay where they are. He may also send a sharper one, one level above the
highest that an overdue item has already reached at the most: then the overdue items that stand right
below that level climb to it, waiting time or not. Either way no item climbs more than one level, so
that none is skipped.

Nothing here knows the database: a level is told by its *height*, its place in its policy from 1.
"""

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """An item of a notice. ``height`` counts the levels that it reached before this notice,
    ``climbs`` says whether the program proposed that it reaches the next, ``is_overdue`` whether it
    is past its due date."""

    key: int
    height: int
    climbs: bool
    is_overdue: bool = True


def highest(lines: Collection[Line], proposed: int) -> int:
    """The height of the sharpest letter that may be sent.

    :param proposed: the height that the program proposed
    """
    return max([proposed, *(line.height + 1 for line in lines if line.is_overdue)])


def climbing(lines: Collection[Line], proposed: int, chosen: int) -> set[int]:
    """The keys of the items that reach their next level with a letter of the ``chosen`` height.

    :param proposed: the height that the program proposed
    :raise ValueError: when the letter would skip a level, or is of none
    """
    if not 1 <= chosen <= highest(lines, proposed):
        raise ValueError(f"height {chosen} is not from 1 to {highest(lines, proposed)}")
    return {
        line.key
        for line in lines
        if (line.climbs and line.height < chosen)
        or (chosen > proposed and line.is_overdue and line.height == chosen - 1)
    }
