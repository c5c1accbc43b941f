"""What a function written in Python raises."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

Result = TypeVar("Result")


class ScalarError(ValueError):
    """A value that a function of GoogleSQL does not take. words are what the user reads."""

    def __init__(self, words: str) -> None:
        super().__init__(f"\x01{words}\x02")  # the marks of messages.OURS
        self.words = words


def or_null(function: Callable[..., Result]) -> Callable[..., Result | None]:
    """The same function, which gives NULL where an argument is, and where it would raise ScalarError."""

    @functools.wraps(function)
    def call(*arguments: Any) -> Result | None:
        try:
            return None if None in arguments else function(*arguments)
        except ScalarError:
            return None

    return call


def unless_null(function: Callable[..., Result]) -> Callable[..., Result | None]:
    """The same function, which gives NULL where an argument is; for those that may give NULL for others, too."""

    @functools.wraps(function)
    def call(*arguments: Any) -> Result | None:
        return None if None in arguments else function(*arguments)

    return call
