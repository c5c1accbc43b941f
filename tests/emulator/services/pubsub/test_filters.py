"""Subscription filters (Pub/Sub: filter messages from a subscription)."""

import pytest

from emulator.errors import ApiError
from emulator.services.pubsub.filters import compile_filter

MESSAGE = {"domain": "com", "lang-tag": "de", "iana.org/language_tag": "en", "quoted": 'a"b', "あ": "い", "empty": ""}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("attributes:domain", True),
        ("attributes:missing", False),
        ("attributes:empty", True),
        ("NOT attributes:missing", True),
        ("-attributes:domain", False),
        ('attributes.domain = "com"', True),
        ('attributes.domain="org"', False),
        ('attributes.domain != "com"', False),
        ('attributes.missing != "com"', True),
        ('attributes.lang-tag = "de"', True),
        ('attributes:"iana.org/language_tag"', True),
        ('attributes."iana.org/language_tag" = "en"', True),
        ('hasPrefix(attributes.domain, "co")', True),
        ('hasPrefix(attributes.domain, "org")', False),
        ('hasPrefix(attributes.missing, "")', False),
        ('NOT hasPrefix(attributes."iana.org/language_tag", "e")', False),
        (r'attributes.quoted = "a\"b"', True),
        (r'attributes."\u3042" = "\u3044"', True),
        ('attributes:domain AND attributes:quoted AND attributes.domain = "com"', True),
        ("attributes:missing OR attributes:domain OR attributes:other", True),
        ('attributes:missing AND (attributes:domain OR attributes.domain = "com")', False),
        ("(attributes:missing AND attributes:domain) OR attributes:quoted", True),
        ("NOT (attributes:missing OR attributes:domain)", False),
        ("NOT attributes:missing AND attributes:domain", True),
    ],
)
def test_holds(text: str, wanted: bool) -> None:
    assert compile_filter(text)(MESSAGE) is wanted


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("attributes:a AND attributes:b OR attributes:c", "mixed only with parentheses"),
        ("attributes:a OR attributes:b AND attributes:c", "mixed only with parentheses"),
        ("attributes:a and attributes:b", "found and"),
        ("not attributes:a", "attributes expected at 0"),
        ("attributes:a attributes:b", "the end, AND or OR expected at 13"),
        ("attributes.a = com", "a string in double quotes expected at 15"),
        ("attributes.a = 'com'", "can't be read"),
        ('attributes.a > "b"', "can't be read"),
        ('attributes.a : "b"', "= or !="),
        ("attributes.iana.org/x", "can't be read"),
        ("attributes.iana.org", "= or !="),
        ('data = "x"', "attributes expected"),
        ('hasprefix(attributes.a, "b")', "attributes expected"),
        ("hasPrefix(attributes.a, b)", "a string in double quotes"),
        ('hasPrefix("a", "b")', "attributes expected"),
        ("(attributes:a", ") expected"),
        ("attributes:a)", "the end"),
        ("NOT NOT attributes:a", "attributes expected"),
        ('attributes.a = "b', "can't be read"),
        ("attributes:" + "a" * 246, "257 bytes"),
        ('attributes.a = "' + "é" * 121 + '"', "259 bytes"),
    ],
)
def test_what_is_no_filter_says_what_and_where(text: str, found: str) -> None:
    with pytest.raises(ApiError) as refused:
        compile_filter(text)
    assert refused.value.code == 400
    assert found in refused.value.message


def test_the_longest_filter_has_256_bytes() -> None:
    assert compile_filter("attributes:" + "a" * 245)({"a" * 245: ""})
