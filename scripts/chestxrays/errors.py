"""What can go wrong with one film: one sentence each, without patient data, so that the rest of the set goes on."""

from __future__ import annotations


class FilmError(Exception):
    """One film can't be loaded; its text is one sentence with a full stop, and pickles between processes."""


class ReadError(FilmError):
    """The bytes of an image can't be had: gone, unreadable, or damaged in the zip that holds them."""


class ConversionError(FilmError):
    """The bytes are no image that can become a Digital X-Ray."""
