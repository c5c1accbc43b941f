"""Pseudonyms of a secret key."""

import base64
import hashlib
import hmac
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.deidentify.keys import Secret

SECRET = Secret(b"k" * 32)


@pytest.mark.parametrize("bits", [128, 192, 256])
def test_keys_have_the_sizes_of_aes(bits: int) -> None:
    assert len(Secret(b"k" * (bits // 8)).key) * 8 == bits


@pytest.mark.parametrize("length", [0, 15, 33])
def test_a_key_of_another_size_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="128, 192 or 256 bits"):
        Secret(b"k" * length)


def test_a_key_is_not_shown() -> None:
    assert "kkk" not in repr(SECRET)


def test_a_random_key_is_another_each_time() -> None:
    assert Secret.random() != Secret.random()


def test_the_hash_is_an_hmac_sha_256_in_base64() -> None:
    """CryptoHashConfig: SHA-256, base64, as L7k0BHmF1ha5U3NfGykjro4xWi1MPVQPjhMAZbSV9mM=."""
    expected = base64.b64encode(hmac.new(b"k" * 32, b"Jane", hashlib.sha256).digest()).decode()
    assert SECRET.hash("Jane") == expected
    assert len(expected) == 44


@given(st.text())
def test_a_uid_is_one_of_dicom(old: str) -> None:
    assert re.fullmatch(r"2\.25\.(0|[1-9]\d{0,38})", SECRET.uid(old))


@given(st.text())
def test_an_identifier_is_an_id_of_fhir(old: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9.\-]{1,64}", SECRET.identifier(old))


@given(st.text())
def test_a_shift_is_of_one_to_a_hundred_days(context: str) -> None:
    assert 1 <= abs(SECRET.days(context)) <= 100
    assert SECRET.days(context) == Secret(b"k" * 32).days(context)


def test_every_shift_is_given_to_somebody() -> None:
    assert {SECRET.days(str(patient)) for patient in range(4000)} == {*range(-100, 0), *range(1, 101)}


def test_another_key_gives_other_pseudonyms() -> None:
    other = Secret(b"o" * 32)
    assert SECRET.hash("a") != other.hash("a")
    assert SECRET.uid("1.2") != other.uid("1.2")
    assert SECRET.identifier("a") != other.identifier("a")
