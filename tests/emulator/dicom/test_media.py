import pytest

from emulator.dicom.media import Offer, choose, parse_accept, parse_media_type

EXPLICIT, J2K = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.90"
OFFERS = (
    Offer("application/dicom", multipart=True, syntaxes=(EXPLICIT, "*", J2K)),
    Offer("application/dicom", multipart=False, syntaxes=(EXPLICIT, "*", J2K)),
    Offer("image/png", multipart=False),
)


def test_parameters_are_unquoted() -> None:
    media = parse_media_type('Multipart/Related; type="application/dicom"; boundary="a;b, \\"c\\""; q=0.5')
    assert (media.name, media.quality) == ("multipart/related", 0.5)
    assert media.parameters == {"type": "application/dicom", "boundary": 'a;b, "c"'}


def test_ranges_are_sorted_by_quality_and_then_by_place() -> None:
    assert [m.name for m in parse_accept("a/b;q=0.1, c/d, e/f;q=0.5, g/h")] == ["c/d", "g/h", "e/f", "a/b"]


@pytest.mark.parametrize(
    ("accept", "media", "multipart", "syntax"),
    [
        ("", "application/dicom", True, EXPLICIT),
        ("*/*", "application/dicom", True, EXPLICIT),
        ("multipart/related", "application/dicom", True, EXPLICIT),
        ('multipart/related; type="application/dicom"; transfer-syntax=*', "application/dicom", True, "*"),
        ("multipart/related; type=application/dicom; transfer-syntax=" + J2K, "application/dicom", True, J2K),
        ("application/dicom; transfer-syntax=*", "application/dicom", False, "*"),
        ("application/*", "application/dicom", False, EXPLICIT),
        ("application/dicom; q=0.3, image/png", "image/png", False, ""),
        ("application/dicom; transfer-syntax=1.2.3, image/png; q=0.1", "image/png", False, ""),
    ],
)
def test_choice(accept: str, media: str, *, multipart: bool, syntax: str) -> None:
    choice = choose(accept, OFFERS)
    assert choice is not None
    assert (choice.offer.media, choice.offer.multipart, choice.syntax) == (media, multipart, syntax)


@pytest.mark.parametrize(
    "accept",
    ["text/html", "image/png;q=0", "multipart/related; type=image/png", "application/dicom; transfer-syntax=1.2.3"],
)
def test_nothing_acceptable(accept: str) -> None:
    assert choose(accept, OFFERS) is None


@pytest.mark.parametrize(
    ("accept", "media", "multipart"),
    [
        ("application/dicom;q=0, multipart/related;q=0, image/jpeg;q=0, */*", "image/png", False),
        ("*/*;q=0.1, image/png;q=0.9", "image/png", False),
        ("image/*, image/jpeg;q=0", "image/png", False),
        ("image/*", "image/jpeg", False),
        ("multipart/*", "application/dicom", True),
        ('multipart/related; type="application/*"', "application/dicom", True),
        ('multipart/related; type="*/*"', "application/dicom", True),
        ("image/png;q=nan", "image/png", False),
        ("IMAGE/PNG", "image/png", False),
        ('multipart/related; type="application/dicom"; q=0, */*', "image/jpeg", False),
    ],
)
def test_wildcards_and_qualities(accept: str, media: str, *, multipart: bool) -> None:
    choice = choose(accept, (OFFERS[0], Offer("image/jpeg", multipart=False), OFFERS[2]))
    assert choice is not None
    assert (choice.offer.media, choice.offer.multipart) == (media, multipart)


@pytest.mark.parametrize("accept", ["image/p*", "*", "image/png;q=0, image/*;q=0", "[a-z]*/*", "multipart/mixed"])
def test_only_documented_wildcards_count(accept: str) -> None:
    assert choose(accept, OFFERS) is None


def test_choice_says_whether_a_syntax_was_named() -> None:
    assert [
        choice.default
        for accept in ("*/*", f"application/dicom; transfer-syntax={J2K}")
        if (choice := choose(accept, OFFERS))
    ] == [True, False]
