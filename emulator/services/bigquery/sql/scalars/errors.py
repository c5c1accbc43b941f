"""What a function written in Python raises."""

from __future__ import annotations


class ScalarError(ValueError):
    """A value that a function of GoogleSQL does not take. words are what the user reads."""

    def __init__(self, words: str) -> None:
        super().__init__(f"\x01{words}\x02")  # the marks of messages.OURS
        self.words = words
