"""Recipes: each can be followed, and what options of PS3.15 E.3 mean in Google's terms."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from emulator.deidentify.dicom import tables
from emulator.deidentify.dicom.rules import Action, Profile
from emulator.deidentify.image import Mode
from emulator.deidentify.keys import Secret
from emulator.dicom import dictionary
from scripts.deidentify import recipes
from scripts.deidentify.local import settings_of
from scripts.dicomtags import confidentiality
from scripts.errors import UsageError

SECRET = Secret(bytes(32))


def actions_on(name: str, tag: str) -> list[Action]:
    rules = settings_of(recipes.named(name).config, SECRET).dicom
    return [each.action for each in rules.actions if tag in each.tags.tags]


@pytest.mark.parametrize("recipe", recipes.all_recipes(), ids=lambda each: each.name)
def test_each_recipe_can_be_followed_with_and_without_a_key(recipe: recipes.Recipe) -> None:
    assert recipe.description.endswith(".")
    settings_of(recipe.config, SECRET)
    assert settings_of(recipes.with_key(recipe.config, SECRET), Secret.random()).secret == SECRET


def test_the_default_is_the_basic_profile_with_clean_pixels() -> None:
    settings = settings_of(recipes.named(recipes.DEFAULT).config, SECRET)
    assert settings.dicom.profile is Profile.BASIC
    assert settings.image.mode is Mode.ALL


def test_rows_that_table_e_1_1_has_got_since_are_followed() -> None:
    # PS3.15 2026c Table E.1-1: InstanceCreationDate X/D, AcquisitionUID U, StationAETitle X, PyramidLabel X/Z.
    plain = {tag: rule for tag, rule in confidentiality.rules().items() if re.fullmatch("[0-9A-F]{8}", tag)}
    later = {tag: rule for tag, rule in plain.items() if tables.row(int(tag, 16)) is None}
    for tag, rule in later.items():
        if dictionary.entry(int(tag, 16)) is not None and tag != "00420011":
            (action,) = actions_on("ps315-basic", tag)
            allowed = {"X": Action.DELETE, "Z": Action.EMPTY, "U": Action.UID}
            assert action is allowed.get(rule.action, Action.DUMMY)


def test_later_rows_of_dates_move_with_the_others() -> None:
    assert actions_on("ps315-modified-dates", "00080012") == [Action.TEXT]  # InstanceCreationDate
    assert actions_on("ps315-modified-dates", "00080013") == []  # InstanceCreationTime


def test_modified_dates_are_cleaned_and_times_of_day_stay() -> None:
    # PS3.15 Table E.1-1, column "Rtn. Long. Modif. Dates Opt.": C for StudyDate, StudyTime, TimezoneOffsetFromUTC.
    assert actions_on("ps315-modified-dates", "00080020") == [Action.TEXT]
    assert actions_on("ps315-modified-dates", "00080030") == [Action.KEEP]
    assert actions_on("ps315-modified-dates", "00080201") == [Action.KEEP]
    assert actions_on("ps315-modified-dates", "00100010") == []


def test_the_device_is_kept_by_its_option_and_no_other() -> None:
    # PS3.15 Table E.1-1, column "Rtn. Dev. Id. Opt.": K for StationName and DeviceSerialNumber.
    for tag in ("00081010", "00181000"):
        assert actions_on("ps315-device", tag) == [Action.KEEP]
        assert actions_on("ps315-basic", tag) == []


def test_keys_are_read_plain_and_in_base64(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(bytes(24))
    (tmp_path / "text").write_text("AAAAAAAAAAAAAAAAAAAAAA==\n")
    assert recipes.read_key(tmp_path / "plain") == Secret(bytes(24))
    assert recipes.read_key(tmp_path / "text") == Secret(bytes(16))
    (tmp_path / "unended").write_text("AAAAAAAAAAAAAAAAAAAAAA==")  # 24 bytes, which are no key of their own
    assert recipes.read_key(tmp_path / "unended") == Secret(bytes(16))


@pytest.mark.parametrize("content", [b"", b"short", b"AAAA", bytes(33)])
def test_what_is_no_key_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(UsageError, match="holds no key: 16, 24 or 32 bytes"):
        recipes.read_key(tmp_path / "key")


def test_a_file_of_one_s_own_is_a_recipe(tmp_path: Path) -> None:
    file = tmp_path / "own.json"
    file.write_text(json.dumps({"dicom": {"keepList": {"tags": ["PatientID"]}}}))
    assert settings_of(recipes.of_file(file).config, SECRET).dicom.profile is Profile.KEEP_LIST
    file.write_text("[]")
    with pytest.raises(UsageError, match="must be a JSON object"):
        recipes.of_file(file)
    file.write_text('{"dicom": {"keepList": {}, "removeList": {}}}')
    with pytest.raises(UsageError, match="removeList cannot be set, too"):
        settings_of(recipes.of_file(file).config, SECRET)


def test_a_config_with_transformations_takes_no_key() -> None:
    config: dict[str, object] = {"text": {"additionalTransformations": [{"redactConfig": {}}]}}
    with pytest.raises(UsageError, match="put the key into these"):
        recipes.with_key(config, SECRET)
