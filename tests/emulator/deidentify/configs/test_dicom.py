from typing import Any

import pytest

from emulator.deidentify.configs.dicom import parse
from emulator.deidentify.dicom.rules import Action, DicomRules, Profile
from emulator.deidentify.errors import ConfigError


def tag_config(**config: Any) -> DicomRules:
    return parse({"dicomTagConfig": config})


def action(**given: Any) -> DicomRules:
    return tag_config(actions=[given])


def test_without_a_config_everything_is_kept_and_ids_are_regenerated() -> None:
    assert parse({}) == DicomRules(Profile.KEEP_ALL, keep_ids=False)
    assert parse({"dicom": {"filterProfile": "TAG_FILTER_PROFILE_UNSPECIFIED"}}) == parse({})


@pytest.mark.parametrize(
    ("name", "profile"),
    [
        ("MINIMAL_KEEP_LIST_PROFILE", Profile.MINIMAL),
        ("ATTRIBUTE_CONFIDENTIALITY_BASIC_PROFILE", Profile.BASIC),
        ("KEEP_ALL_PROFILE", Profile.KEEP_ALL),
        ("DEIDENTIFY_TAG_CONTENTS", Profile.CONTENTS),
    ],
)
def test_profiles_of_both_versions(name: str, profile: Profile) -> None:
    assert parse({"dicom": {"filterProfile": name}}).profile is profile
    assert tag_config(profileType=name).profile is profile


def test_an_unspecified_profile_of_v1beta1_is_the_basic_one() -> None:
    assert tag_config().profile is Profile.BASIC
    assert tag_config(profileType="PROFILE_TYPE_UNSPECIFIED").profile is Profile.BASIC


def test_lists_take_keywords_tags_and_private_tags() -> None:
    rules = parse({"dicom": {"keepList": {"tags": ["PatientID", "00100010", "00091001"]}, "skipIdRedaction": True}})
    assert rules.tags.tags == {"00100020", "00100010", "00091001"}
    assert rules.keep_ids


def test_a_remove_list_has_overlays() -> None:
    rules = parse({"dicom": {"removeList": {"tags": ["PatientID"]}}})
    assert rules.tags.has(0x60023000)
    assert not rules.tags.has(0x60020010)


def test_options_and_actions_in_their_order() -> None:
    rules = tag_config(
        options={"primaryIds": "KEEP", "cleanDescriptors": {}},
        actions=[{"queries": ["PN"], "deleteTag": {}}, {"queries": ["PatientName", "00100020"], "resetTag": {}}],
    )
    assert rules.keep_ids
    assert rules.clean_descriptors
    assert [each.action for each in rules.actions] == [Action.DELETE, Action.DUMMY]
    assert rules.actions[0].tags.has(0x00080090, "PN")
    assert rules.actions[1].tags.has(0x00100020, "LO")


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({"keepList": {}, "removeList": {}}, "keepList is set, so removeList cannot be set"),
        ({"keepList": {}, "filterProfile": "KEEP_ALL_PROFILE"}, "filterProfile is set, so keepList"),
        ({"keepList": {"tags": ["PatientNam"]}}, 'keepList.tags: "PatientNam" is neither'),
        ({"removeList": {"tags": ["0010ZZZZ"]}}, '"0010ZZZZ" is neither'),
        ({"removeList": {"tags": ["00100009"]}}, '"00100009" is neither'),
        ({"removeList": {"tags": ["PN"]}}, '"PN" is neither'),
        ({"removeList": {"tags": ["PixelData"]}}, '"PixelData" is kept by default'),
    ],
)
def test_a_config_that_cannot_be_followed_is_refused(config: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told) as caught:
        parse({"dicom": config})
    assert not caught.value.unknown


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"queries": ["PatientName"]}, "must have exactly one of keepTag"),
        ({"queries": ["PatientName"], "keepTag": {}, "deleteTag": {}}, "must have exactly one of keepTag"),
        ({"keepTag": {}}, "queries is required"),
        ({"queries": ["PatientNam"], "keepTag": {}}, '"PatientNam" is neither'),
        ({"queries": ["PixelData"], "cleanTextTag": {}}, "cleanTextTag cannot be applied"),
        ({"queries": ["PatientName"], "regenUidTag": {}}, "for the VRs UI only"),
        ({"queries": ["PN"], "recurseTag": {}}, "for the VRs SQ only"),
        ({"queries": ["Rows"], "cleanImageTag": {}}, "for PixelData only"),
        ({"queries": ["SOPInstanceUID"], "deleteTag": {}}, "no instance can be without it"),
    ],
)
def test_an_action_that_cannot_be_followed_is_refused(given: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told) as caught:
        action(**given)
    assert not caught.value.unknown


def test_two_kinds_of_config_are_refused() -> None:
    with pytest.raises(ConfigError, match="Only one of"):
        parse({"dicom": {}, "dicomTagConfig": {}})
