"""Byte strings are found in any encoding, at any place of base64, over the borders of pieces, and not by chance."""

from __future__ import annotations

import base64
import hashlib

import pytest

from scripts.leaks import needles
from scripts.leaks.needles import Needles

NEEDLES = Needles([("Kowalski", 1), ("Müller-Lüdenscheidt", 2), ("12345", 3)])


def found(data: bytes) -> set[int]:
    return {named for _, named in NEEDLES.find(data)}


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "utf-16-le", "utf-16-be"])
def test_any_encoding_and_case(encoding: str) -> None:
    for text, number in (("xKOWALSKIx", 1), ("of Müller-Lüdenscheidt", 2)):
        assert found(text.encode(encoding)) == {number}


@pytest.mark.parametrize("before", range(4))
def test_any_place_in_base64(before: int) -> None:
    assert found(base64.b64encode(b"." * before + b"Kowalski, Maria")) == {1}


def test_short_values_are_not_looked_for_in_bytes() -> None:
    assert found(b"12345") == set()
    assert found(b"") == set()
    assert list(Needles([("abc", 1)]).find(b"abc")) == []


def test_the_place_is_given_and_pieces_hide_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(needles, "_CHUNK", 16)
    data = b"." * 13 + b"Kowalski" + b"." * 30 + b"kowalski"
    assert list(NEEDLES.find(data)) == [(13, 1), (51, 1)]


def test_noise_has_none() -> None:
    assert (
        found(b"".join(hashlib.sha256(bytes([number % 256, number >> 8])).digest() for number in range(1 << 15)))
        == set()
    )
