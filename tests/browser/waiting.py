"""Waiting for what a page comes to show."""

import time
from collections.abc import Callable
from typing import TypeVar

from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException

from tests.support.patience import PATIENCE

T = TypeVar("T")


def wait(look: Callable[[], T | None], what: str, text: Callable[[], str]) -> T:
    """The first true value of `look`; a test that gets none in the end fails with what it waited for and the text."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            found = look()
        except (NoSuchElementException, StaleElementReferenceException):
            found = None  # between two pages there is nothing, or what was there before
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited in vain for {what}: {text()[:500]!r}")
