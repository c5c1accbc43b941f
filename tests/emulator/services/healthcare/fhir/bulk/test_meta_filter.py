"""Filters on Resource.meta (Cloud Healthcare: rollback, metadataFilter; AIP-160)."""

import pytest

from emulator.errors import ApiError
from emulator.services.healthcare.fhir.bulk.meta_filter import compiled

META = {
    "lastUpdated": "2026-01-02T03:04:05.000006+00:00",
    "versionId": "MTY4MzA2MDQzOTI5NjIxMDAwMA",
    "source": "urn:loader",
    "profile": ["http://example.org/a", "http://example.org/b"],
    "security": [{"system": "http://example.org/s", "code": "R"}],
    "tag": [{"system": "http://example.org/batch", "code": "42"}, {"code": "alone"}],
    "extension": [
        {"url": "http://example.org/loaded", "valueInteger": 1700000000},
        {"url": "http://example.org/seen", "valueInstant": "2023-11-14T22:13:20Z"},  # the same second
        {"url": "http://example.org/words", "valueString": "never"},
    ],
}


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ('tag("http://example.org/batch") = "42"', True),
        ('tag("http://example.org/batch") = "43"', False),
        ('tag("http://example.org/batch") != "43"', True),
        ('tag("http://example.org/other") = "42"', False),
        ('extension_value_ts("http://example.org/loaded") = 1700000000', True),
        ('extension_value_ts("http://example.org/loaded") < 1700000000', False),
        ('extension_value_ts("http://example.org/seen") >= 1700000000', True),
        ('extension_value_ts("http://example.org/seen") != 1700000000', False),
        ('extension_value_ts("http://example.org/words") > 0', False),
        ('extension_value_ts("http://example.org/nothing") != 5', True),
        ('lastUpdated > "2026-01-02T03:04:05Z"', True),
        ('meta.lastUpdated > "2026-01-02T04:04:06+01:00"', False),
        ('source = "urn:loader"', True),
        ('profile = "http://example.org/b"', True),
        ('profile != "http://example.org/b"', False),
        ('security.code = "R" AND NOT source = "urn:other"', True),
        ('source = "urn:other" OR (tag("http://example.org/batch") = "42")', True),
        ('language = "en"', False),
        ("LOADER", True),
    ],
)
def test_what_fits(text: str, fits: bool) -> None:
    assert compiled(text)(META) is fits


@pytest.mark.parametrize(
    "text",
    [
        'source:"urn"',
        'tag("x") < "y"',
        'tag(x) = "y"',
        'tag("x" = "y"',
        'extension_value_ts("x") = "yesterday"',
        'lastUpdated > "yesterday"',
        "source =",
        'other("x") = "y"',
    ],
)
def test_what_can_not_be_read(text: str) -> None:
    with pytest.raises(ApiError) as refused:
        compiled(text)
    assert refused.value.code == 400


def test_a_meta_of_nothing_fits_no_comparison() -> None:
    assert not compiled('source = "x"')({})
    assert not compiled('lastUpdated > "2026-01-01T00:00:00Z"')({})
