"""Names, etags and globs: the pure rules."""

import pytest

from emulator.errors import ApiError
from emulator.services.storage.names import bucket_etag, check_bucket_name, check_object_name, object_etag, successor
from emulator.services.storage.objects.globs import compile_glob, literal_prefix


@pytest.mark.parametrize("name", ["abc", "a-b_c9", "my.example.com", "a" * 63, f"{'a' * 63}.{'b' * 63}"])
def test_bucket_names_that_are_allowed(name: str) -> None:
    check_bucket_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "ab",
        "a" * 64,
        "Upper",
        "-ab",
        "ab-",
        "a..b",
        ".ab",
        "192.168.5.4",
        "goog-x",
        "my-google-x",
        "g00gle-x",
        "a b",
        "ä12",
    ],
)
def test_bucket_names_that_are_refused(name: str) -> None:
    with pytest.raises(ApiError, match="Invalid bucket name") as error:
        check_bucket_name(name)
    assert (error.value.code, error.value.reason) == (400, "invalid")


@pytest.mark.parametrize("name", ["", ".", "..", "a\nb", "a\rb", "ä" * 513])
def test_object_names_that_are_refused(name: str) -> None:
    with pytest.raises(ApiError) as error:
        check_object_name(name)
    assert error.value.code == 400


def test_object_names_may_hold_1024_bytes_of_anything_else() -> None:
    check_object_name("ä/ #?%" + "x" * (1024 - 7))


@pytest.mark.parametrize("prefix", ["a", "a/", "ab\ud7ff", "x\U0010ffff"])
def test_successor_is_above_everything_with_the_prefix_and_nothing_else(prefix: str) -> None:
    end = successor(prefix)
    assert end is not None
    assert (prefix + "\U0010fffe").encode() < end.encode()
    assert not end.startswith(prefix)


def test_nothing_is_above_the_last_character() -> None:
    assert successor("\U0010ffff") is None
    assert successor("") is None


def test_etags_are_those_of_google() -> None:
    assert bucket_etag(1) == "CAE="
    assert object_etag(1418688703353000, 3) == "CKih16GjycICEAM="
    assert object_etag(1580000000000000, 2) != object_etag(1580000000000001, 1)


@pytest.mark.parametrize(
    ("glob", "yes", "no"),
    [
        ("*.dcm", ["a.dcm"], ["a/b.dcm", "a.dcmx"]),
        ("**.dcm", ["a.dcm", "a/b/c.dcm"], ["a.txt"]),
        ("a/**/b", ["a/x/b", "a/x/y/b", "a/b"], ["ab"]),
        ("fo?bar", ["foobar"], ["fo/bar", "fobar"]),
        ("[a-c]x", ["ax", "cx"], ["dx", "-x"]),
        ("[!a]x", ["bx"], ["ax", "/x"]),
        ("{a,b*}.txt", ["a.txt", "bcd.txt"], ["c.txt"]),
        ("a.b", ["a.b"], ["axb"]),
        (r"a\*", ["a*"], ["ab"]),
    ],
)
def test_globs(glob: str, yes: list[str], no: list[str]) -> None:
    pattern = compile_glob(glob)
    assert [name for name in yes + no if pattern(name)] == yes


@pytest.mark.parametrize(
    ("glob", "name"),
    [
        ("*a" * 30 + "b", "ab" * 100),
        ("**a" * 30 + "b", "a/ab" * 100),
        ("{*a,*b}" * 20 + "c", "ab" * 100 + "c"),
        ("?*" * 40 + "b", "ab" * 100),
        ("*/" * 20, "ab/" * 20),
    ],
)
def test_a_glob_of_many_stars_is_matched_at_once(glob: str, name: str) -> None:
    matches = compile_glob(glob)
    assert not matches("a" * 1024)
    assert matches(name)


@pytest.mark.parametrize("glob", ["[z-a]", "{a," * 300 + "b" + "}" * 300])
def test_globs_that_can_not_be_read(glob: str) -> None:
    with pytest.raises(ApiError, match="Invalid matchGlob"):
        compile_glob(glob)


@pytest.mark.parametrize("glob", ["{a,b", "x[a"])
def test_globs_that_are_not_closed(glob: str) -> None:
    with pytest.raises(ApiError, match="is not closed"):
        compile_glob(glob)


def test_literal_prefix_of_a_glob() -> None:
    assert literal_prefix("a/b*.dcm") == "a/b"
    assert literal_prefix("plain") == "plain"
