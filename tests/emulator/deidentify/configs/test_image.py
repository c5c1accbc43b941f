from typing import Any

import pytest

from emulator.deidentify.configs.image import parse
from emulator.deidentify.errors import ConfigError
from emulator.deidentify.image import Mode


def image(**config: Any) -> dict[str, Any]:
    return {"image": config}


def test_without_a_config_no_text_is_redacted() -> None:
    for config in ({}, image(), image(textRedactionMode="TEXT_REDACTION_MODE_UNSPECIFIED")):
        assert parse(config)[0].mode is Mode.NONE


def test_what_is_sensitive_follows_from_the_default_info_types_and_the_config() -> None:
    given = image(
        textRedactionMode="REDACT_SENSITIVE_TEXT",
        additionalInfoTypes=["PASSPORT"],
        excludeInfoTypes=["DATE"],
        customRegexes=[{"pattern": "R[0-9]{4}"}],
    )
    rules, text = parse(given)
    assert rules.mode is Mode.SENSITIVE
    assert rules.exclude == {"DATE"}
    assert [rules.expressions[0].found_in(said) for said in ("no R1234 here", "R12")] == [True, False]
    assert {"PERSON_NAME", "PASSPORT"} <= text.wanted


def test_an_action_on_pixels_overrides_the_option() -> None:
    tags: dict[str, Any] = {"options": {"cleanImage": {"textRedactionMode": "REDACT_ALL_TEXT"}}}
    assert parse({"dicomTagConfig": tags})[0].mode is Mode.ALL
    action = {"queries": ["PixelData"], "cleanImageTag": {"textRedactionMode": "REDACT_SENSITIVE_TEXT"}}
    assert parse({"dicomTagConfig": {**tags, "actions": [action]}})[0].mode is Mode.SENSITIVE


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({"customRegexes": [{"pattern": "("}]}, r"Invalid config.image.customRegexes\[0\].pattern"),
        ({"textRedactionMode": "REDACT_ALL_TEXT", "additionalInfoTypes": ["DATE"]}, "cannot be used with REDACT_ALL"),
        ({"excludeInfoTypes": ["DATE"]}, "can be used with REDACT_SENSITIVE_TEXT and"),
    ],
)
def test_a_config_that_cannot_be_followed_is_refused(config: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told) as caught:
        parse(image(**config))
    assert not caught.value.unknown


def test_an_info_type_without_rules_is_not_implemented() -> None:
    with pytest.raises(ConfigError, match="no rules for UK_TAXPAYER_REFERENCE") as caught:
        parse(image(textRedactionMode="REDACT_SENSITIVE_TEXT", additionalInfoTypes=["UK_TAXPAYER_REFERENCE"]))
    assert caught.value.unknown
