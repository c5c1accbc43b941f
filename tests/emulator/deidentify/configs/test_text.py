"""TextConfig of both versions of the API."""

import base64
from typing import Any

import pytest

from emulator.deidentify.configs.text import parse
from emulator.deidentify.errors import ConfigError
from emulator.deidentify.keys import Secret
from emulator.deidentify.text import TextRules
from emulator.deidentify.text.transformations import CryptoHash, DateShift, Mask, Redact, Replace, Transformation

KEY = b"sixteen bytes of"
ENCODED = base64.b64encode(KEY).decode()
REDACT: dict[str, Any] = {"redactConfig": {}}


def additional(*transformations: dict[str, Any], **more: Any) -> TextRules:
    return parse({"text": {"additionalTransformations": list(transformations), **more}})


def refusal(config: dict[str, Any]) -> ConfigError:
    with pytest.raises(ConfigError) as refused:
        parse(config)
    return refused.value


UNSPECIFIED = "PROFILE_TYPE_UNSPECIFIED"


@pytest.mark.parametrize(
    "config",
    [{}, {"text": {}}, {"text": {"profileType": UNSPECIFIED}}, {"dicom": {}, "text": {"profileType": "BASIC"}}],
)
def test_without_more_dates_are_shifted_and_the_rest_is_replaced(config: dict[str, Any]) -> None:
    """Discovery, v1beta1: BASIC, which an unspecified profile is, too."""
    rules = parse(config)
    assert rules == TextRules.basic()
    assert (rules.transformation("DATE"), rules.transformation("AGE")) == (DateShift(), Replace())


@pytest.mark.parametrize("config", [{"dicom": {}}, {"fhir": {}, "text": {}}])
def test_beside_older_configs_dates_are_replaced_too(config: dict[str, Any]) -> None:
    assert parse(config) == TextRules(Replace())


@pytest.mark.parametrize(
    ("given", "transformation"),
    [
        (REDACT, Redact()),
        ({"replaceWithInfoTypeConfig": {}}, Replace()),
        ({"characterMaskConfig": {}}, Mask("*")),
        ({"characterMaskConfig": {"maskingCharacter": "#"}}, Mask("#")),
        ({"cryptoHashConfig": {}}, CryptoHash()),
        ({"cryptoHashConfig": {"cryptoKey": ENCODED}}, CryptoHash(Secret(KEY))),
        ({"dateShiftConfig": {"cryptoKey": ENCODED}}, DateShift(Secret(KEY))),
    ],
)
def test_each_transformation_is_read(given: dict[str, Any], transformation: Transformation) -> None:
    assert additional(given).transformation("PERSON_NAME") == transformation
    rules = additional({"infoTypes": ["AGE"], **given})
    assert (rules.transformation("AGE"), rules.transformation("PERSON_NAME")) == (transformation, Replace())


def test_one_without_info_types_is_for_all_that_are_not_named() -> None:
    rules = additional(REDACT, {"infoTypes": ["AGE"], "characterMaskConfig": {}})
    assert [rules.transformation(each) for each in ("AGE", "DATE", "URL")] == [Mask(), Redact(), Redact()]


def test_excluded_info_types_stay_whatever_else_is_said() -> None:
    rules = additional({"infoTypes": ["AGE", "URL"], **REDACT}, excludeInfoTypes=["AGE"])
    assert (rules.transformation("AGE"), rules.transformation("URL")) == (None, Redact())


def test_an_empty_profile_transforms_what_is_added() -> None:
    assert parse({"text": {"profileType": "EMPTY"}}).wanted == frozenset()
    rules = parse({"text": {"profileType": "EMPTY", "additionalTransformations": [{"infoTypes": ["AGE"], **REDACT}]}})
    assert rules.wanted == {"AGE"}


def test_deprecated_transformations_stand_alone() -> None:
    rules = parse({"text": {"transformations": [{"infoTypes": ["PERSON_NAME"], **REDACT}]}})
    assert rules.wanted == {"PERSON_NAME"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            {"transformations": [REDACT], "additionalTransformations": [REDACT]},
            "Only one of config.text.transformations",
        ),
        ({"additionalTransformations": [{}]}, r"additionalTransformations\[0\] must have exactly one of redactConfig"),
        ({"additionalTransformations": [{**REDACT, "characterMaskConfig": {}}]}, "must have exactly one of"),
        ({"additionalTransformations": [REDACT, REDACT]}, r"\[1\] is a second transformation without infoTypes"),
        (
            {"additionalTransformations": [{"infoTypes": ["AGE"], **REDACT}, {"infoTypes": ["URL", "AGE"], **REDACT}]},
            r"\[1\] is a second transformation for the infoType AGE",
        ),
        ({"additionalTransformations": [{"characterMaskConfig": {"maskingCharacter": "ab"}}]}, "must be one character"),
        ({"additionalTransformations": [{"infoTypes": ["person name"], **REDACT}]}, '"person name" is not the name'),
        ({"excludeInfoTypes": ["a"]}, 'Invalid config.text.excludeInfoTypes: "a" is not the name'),
        ({"additionalTransformations": [{"cryptoHashConfig": {"cryptoKey": "AAAA"}}]}, "128, 192 or 256 bits"),
        ({"additionalTransformations": [{"cryptoHashConfig": {"cryptoKey": "!"}}]}, "not base64"),
    ],
)
def test_what_contradicts_itself_is_refused(text: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence) as refused:
        parse({"text": text})
    assert not refused.value.unknown


def test_an_info_type_without_rules_is_not_pretended() -> None:
    error = refusal({"text": {"additionalTransformations": [{"infoTypes": ["FRANCE_NIR"], **REDACT}]}})
    assert error.unknown
    assert "FRANCE_NIR" in str(error)


def test_an_info_type_without_rules_can_be_excluded() -> None:
    assert parse({"text": {"excludeInfoTypes": ["FRANCE_NIR"]}}).excluded == {"FRANCE_NIR"}


def test_regional_processing_needs_locations_excluded() -> None:
    """Discovery: useRegionalDataProcessing."""
    error = refusal({"useRegionalDataProcessing": True})
    assert not error.unknown
    assert "needs LOCATION among config.text.excludeInfoTypes" in str(error)
    rules = parse({"useRegionalDataProcessing": True, "text": {"excludeInfoTypes": ["LOCATION"]}})
    assert {"LOCATION", "ORGANIZATION_NAME"}.isdisjoint(rules.wanted)


@pytest.mark.parametrize("new", ["dicomTagConfig", "fhirFieldConfig"])
def test_regional_processing_looks_for_no_locations_in_new_configs(new: str) -> None:
    assert "LOCATION" not in parse({"useRegionalDataProcessing": True, new: {}}).wanted


@pytest.mark.parametrize("asked", ["LOCATION", "ORGANIZATION_NAME"])
def test_regional_processing_refuses_what_is_asked_for(asked: str) -> None:
    text = {"excludeInfoTypes": ["LOCATION"], "additionalTransformations": [{"infoTypes": ["AGE", asked], **REDACT}]}
    error = refusal({"useRegionalDataProcessing": True, "text": text})
    assert f"not compatible with the infoType {asked} of config.text.additionalTransformations[0]" in str(error)
