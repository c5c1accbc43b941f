"""Results kept for values that come again, as dates do."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

Result = TypeVar("Result")
LONGEST = 200  # characters of all texts together: a cache of thousands of them stays small


def cached(size: int) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    """A decorator: keep the last `size` results of calls with short texts."""

    def decorate(function: Callable[..., Result]) -> Callable[..., Result]:
        kept = functools.lru_cache(maxsize=size)(function)

        @functools.wraps(function)
        def call(*arguments: Any) -> Result:
            long = sum(len(value) for value in arguments if isinstance(value, str)) > LONGEST
            return function(*arguments) if long else kept(*arguments)

        return call

    return decorate
