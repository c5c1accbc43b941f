"""What actions, options and lists make of an object, beside the Basic Profile (tests/.../test_answer_key.py)."""

from io import BytesIO
from typing import Any

import pydicom
import pytest
from pydicom import Dataset

from emulator.deidentify.dicom.files import deidentify
from emulator.deidentify.dicom.rules import Action, DicomRules, Profile, TagAction, Tags
from emulator.deidentify.keys import Secret
from emulator.deidentify.text import Cleaner, TextRules
from tests.emulator.services.healthcare.instances import file_of, instance, made

KEY = Secret(b"k" * 32)


def after(data: bytes, rules: DicomRules) -> pydicom.FileDataset:
    return pydicom.dcmread(BytesIO(deidentify(data, rules, KEY, Cleaner(TextRules.basic(), KEY)).content()))


def actions(*given: tuple[Action, str], profile: Profile = Profile.KEEP_ALL, **options: Any) -> DicomRules:
    """Rules with actions on one query each."""
    made_of = tuple(TagAction(action, Tags.parse([query], vrs=True)) for action, query in given)
    return DicomRules(profile, actions=made_of, **options)


def item(**attributes: object) -> Dataset:
    dataset = Dataset()
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset


@pytest.mark.parametrize(
    ("action", "expected"),
    [(Action.KEEP, "Doe^Jane"), (Action.EMPTY, ""), (Action.DELETE, None), (Action.DUMMY, "ANONYMIZED")],
)
def test_each_action_on_a_name(action: Action, expected: str | None) -> None:
    new = after(made(), actions((action, "PatientName"), profile=Profile.BASIC))
    assert (None if "PatientName" not in new else str(new.PatientName)) == expected


def test_actions_are_applied_one_after_the_other() -> None:
    """An action does not bring back what one before it took away."""
    new = after(made(), actions((Action.EMPTY, "PatientName"), (Action.KEEP, "PatientName")))
    assert str(new.PatientName) == ""
    new = after(made(), actions((Action.EMPTY, "PN"), (Action.DUMMY, "PatientName")))
    assert (str(new.PatientName), str(new.ReferringPhysicianName)) == ("ANONYMIZED", "")


def test_a_selection_by_vr_never_takes_what_no_instance_can_be_without() -> None:
    new = after(made(FrameOfReferenceUID="1.2.3"), actions((Action.DELETE, "UI"), keep_ids=True))
    assert (new.SOPInstanceUID, new.StudyInstanceUID) == ("1.2.1.1.1", "1.2.1")
    assert "FrameOfReferenceUID" not in new
    regenerated = after(made(), actions((Action.DELETE, "UI")))
    assert regenerated.SOPInstanceUID == KEY.uid("1.2.1.1.1")


def test_a_kept_sequence_is_kept_with_all_in_it_and_a_recursed_one_is_looked_into() -> None:
    data = made(RequestAttributesSequence=[item(RequestingPhysician="Doe^John", StudyInstanceUID="1.2.9")])
    kept = after(data, actions((Action.KEEP, "RequestAttributesSequence"), profile=Profile.BASIC))
    assert kept.RequestAttributesSequence[0].RequestingPhysician == "Doe^John"
    assert kept.RequestAttributesSequence[0].StudyInstanceUID == "1.2.9"
    looked_into = after(data, actions((Action.RECURSE, "RequestAttributesSequence"), profile=Profile.BASIC))
    assert "RequestingPhysician" not in looked_into.RequestAttributesSequence[0]
    assert looked_into.RequestAttributesSequence[0].StudyInstanceUID == KEY.uid("1.2.9")


def test_a_chosen_uid_is_regenerated() -> None:
    new = after(made(FrameOfReferenceUID="1.2.3"), actions((Action.UID, "FrameOfReferenceUID")))
    assert new.FrameOfReferenceUID == KEY.uid("1.2.3")


def test_a_keep_list_has_what_shows_the_pixels_and_nothing_else() -> None:
    data = made(PatientComments="about Jane", WindowCenter="40", StudyID="7")
    new = after(data, DicomRules(Profile.KEEP_LIST, Tags.parse(["PatientID", "StudyID"])))
    assert (new.PatientID, new.StudyID, new.WindowCenter) == ("P1", "7", 40)
    assert new.PixelData == bytes(range(16))
    assert {"PatientName", "PatientComments", "StudyDate", "AccessionNumber"}.isdisjoint(new.dir())
    minimal = after(data, DicomRules(Profile.MINIMAL))
    assert {"PatientID", "StudyID"}.isdisjoint(minimal.dir())
    assert minimal.Modality == "DX"


def test_a_list_counts_in_items_too() -> None:
    data = made(RequestAttributesSequence=[item(RequestingPhysician="Doe^John", StudyID="7")])
    removed = after(data, DicomRules(Profile.REMOVE_LIST, Tags.parse(["RequestingPhysician"])))
    assert removed.RequestAttributesSequence[0].dir() == ["StudyID"]
    kept = after(data, DicomRules(Profile.KEEP_LIST, Tags.parse(["RequestAttributesSequence", "StudyID"])))
    assert kept.RequestAttributesSequence[0].dir() == ["StudyID"]


def test_overlays_of_every_group_go_by_their_keyword() -> None:
    film = instance()
    film.add_new(0x60003000, "OW", b"12")
    film.add_new(0x601E3000, "OW", b"34")
    film.add_new(0x60000010, "US", 4)
    new = after(file_of(film), DicomRules(Profile.REMOVE_LIST, Tags.parse(["OverlayData"])))
    assert [each.tag for each in new if each.tag.group >= 0x6000 and each.tag.group < 0x7FE0] == [0x60000010]


def test_an_encapsulated_pdf_becomes_an_empty_page() -> None:
    film = instance(MIMETypeOfEncapsulatedDocument="application/pdf", EncapsulatedDocument=b"%PDF-1.7 Jane Doe ")
    film.SOPClassUID = "1.2.840.10008.5.1.4.1.1.104.1"
    document = after(file_of(film), DicomRules(Profile.BASIC)).EncapsulatedDocument
    assert document.startswith(b"%PDF-1.4")
    assert b"Jane" not in document


def report(*content: Dataset) -> bytes:
    """A structured report with content items."""
    film = instance(ValueType="CONTAINER", ContentSequence=list(content))
    film.SOPClassUID = "1.2.840.10008.5.1.4.1.1.88.11"
    return file_of(film)


def concept(meaning: str) -> list[Dataset]:
    return [item(CodeValue="1", CodingSchemeDesignator="DCM", CodeMeaning=meaning)]


TEXT = {"ValueType": "TEXT", "RelationshipType": "CONTAINS", "TextValue": "Jane Doe fell on 2020-01-02"}


def test_content_of_a_report_becomes_dummies_of_each_kind_of_value() -> None:
    data = report(
        item(**TEXT, ConceptNameCodeSequence=concept("Finding")),
        item(ValueType="PNAME", PersonName="Doe^Jane"),
        item(ValueType="DATE", Date="20200102"),
        item(ValueType="UIDREF", UID="1.2.3"),
        item(ValueType="CODE", ConceptCodeSequence=concept("House, Gregory")),
    )
    text, name, day, uid, code = after(data, DicomRules(Profile.BASIC)).ContentSequence
    assert (text.ValueType, text.TextValue) == ("TEXT", "ANONYMIZED")
    assert text.ConceptNameCodeSequence[0].CodeMeaning == "Finding"
    assert (str(name.PersonName), day.Date, uid.UID) == ("ANONYMIZED", "19000101", KEY.uid("1.2.3"))
    assert code.ConceptCodeSequence[0].CodeMeaning == "ANONYMIZED"


def test_content_that_is_asked_for_is_cleaned_by_kind_of_value() -> None:
    data = report(item(**TEXT), item(ValueType="PNAME", PersonName="Doe^Jane"))
    rules = actions((Action.RECURSE, "ContentSequence"), profile=Profile.BASIC)
    text, name = after(data, rules).ContentSequence
    assert text.TextValue.startswith("[PERSON_NAME] fell on ")
    assert "2020-01-02" not in text.TextValue
    assert str(name.PersonName) == "ANONYMIZED"
