"""How much work an evaluation may be: expressions may be a stranger's, and loops within loops take for ever.

Steps charge for what they are about to do before they do it. What is worth no charge is done in no time.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import local
from typing import Any

Evaluation = Callable[[list[Any], Any], list[Any]]
MOST = 2_000_000
"""Steps of one evaluation: an element that is looked at in a value, two values that are compared. A second or so."""
READ = 100
"""Steps that reading another resource counts as."""
_LETTERS = 64
"""Letters of a text that are as good as one step."""


class TooMuchError(Exception):
    """An evaluation that is given up."""


class _Left(local):
    steps = MOST


_left = _Left()


def charge(steps: int) -> None:
    """Count steps of the evaluation of this thread. TooMuchError where there have been too many."""
    _left.steps -= steps
    if _left.steps < 0:
        raise TooMuchError


def charge_text(text: str) -> None:
    """Count a look through a text."""
    charge(len(text) // _LETTERS)


def weight(value: Any) -> int:
    """How many values a value consists of, itself among them, which is how long a comparison with it may take."""
    if not isinstance(value, dict | list):
        return 1
    number, left = 0, [value]
    while left:
        each = left.pop()
        number += 1
        if isinstance(each, dict):
            left.extend(each.values())
        elif isinstance(each, list):
            left.extend(each)
    return number


def again(evaluate: Evaluation, items: list[Any], resource: Any) -> list[Any]:
    """What an evaluation that was given up gives; nothing, which is FHIRPath's unknown, where it is too much work.

    An evaluation begins with the steps that the ones before it have left, and only where these are too few it is made
    once more with all of them: setting a count would be most of the work of the usual ones.
    """
    _left.steps = MOST
    try:
        return evaluate(items, resource)
    except TooMuchError:
        return []
