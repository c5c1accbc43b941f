"""Texts of attributes whose contents are inspected: by VR, by what the header knows, in every character set."""

from io import BytesIO

import pydicom
import pytest

from emulator.deidentify.dicom.files import deidentify
from emulator.deidentify.dicom.rules import DicomRules, Profile
from emulator.deidentify.keys import Secret
from emulator.deidentify.text import Cleaner, TextRules
from emulator.deidentify.text.transformations import CryptoHash, DateShift, Mask, Redact, Transformation
from tests.emulator.services.healthcare.instances import made

KEY = Secret(b"k" * 32)
CONTENTS = DicomRules(Profile.CONTENTS)


def after(text: TextRules | None = None, rules: DicomRules = CONTENTS, **attributes: object) -> pydicom.FileDataset:
    cleaner = Cleaner(text or TextRules.basic(), KEY)
    return pydicom.dcmread(BytesIO(deidentify(made(**attributes), rules, KEY, cleaner).content()))


def test_names_dates_and_ages_are_of_their_kind_whatever_they_look_like() -> None:
    new = after(PatientName="Ng^X", PatientAge="045Y", StudyDate="20200102", StudyID="7")
    assert str(new.PatientName) == "[PERSON_NAME]"
    assert new.PatientAge == ""
    assert new.StudyDate not in ("", "20200102")
    assert (new.StudyID, new.Modality) == ("7", "DX")


def test_what_the_header_says_is_found_in_its_descriptions() -> None:
    new = after(StudyDescription="Knee of Jane Doe, seen by Dr. House", PatientComments="ask Doe again")
    assert new.StudyDescription == "Knee of [PERSON_NAME], seen by Dr. [PERSON_NAME]"
    assert new.PatientComments == "ask [PERSON_NAME] again"


def test_each_value_of_the_header_is_of_its_kind() -> None:
    new = after(
        InstitutionName="Springfield General",
        PatientTelephoneNumbers="555-0199-321",
        PatientComments="from Springfield General, accession AC123456, call 555 0199 321, white matter",
        AccessionNumber="AC123456",
        EthnicGroup="white",
    )
    assert new.PatientComments == (
        "from [ORGANIZATION_NAME], accession [MEDICAL_RECORD_NUMBER], call [PHONE_NUMBER], white matter"
    )


def test_dates_of_a_patient_move_together_and_keep_their_distance() -> None:
    new = after(StudyDate="20200102", SeriesDate="20200105", AcquisitionDateTime="20200102101112.5")
    days = KEY.days("P1")
    assert new.StudyDate != "20200102"
    assert (new["SeriesDate"].value > new["StudyDate"].value) is True
    assert new.AcquisitionDateTime == f"{new.StudyDate}101112.5"
    assert after(PatientID="", StudyDate="20200102").StudyDate != "20200102"
    assert days != 0


@pytest.mark.parametrize(
    ("how", "expected"),
    [(Redact(), ""), (Mask("#"), "########"), (CryptoHash(), KEY.hash("Doe^Jane").rstrip("="))],
)
def test_a_name_by_each_transformation(how: Transformation, expected: str) -> None:
    assert str(after(TextRules(of={"PERSON_NAME": how})).PatientName) == expected


def test_what_no_transformation_is_for_stays() -> None:
    new = after(TextRules(of={"DATE": DateShift()}))
    assert str(new.PatientName) == "Doe^Jane"
    assert new.StudyDate != "20200102"


def test_a_value_stays_one_of_its_vr() -> None:
    """SH has 16 characters, LO 64, and a DA holds a date or nothing."""
    new = after(TextRules(CryptoHash(), {}), StationName="Jane Doe", StudyDate="20200102")
    assert len(new.StationName) <= 16
    assert "Jane" not in new.StationName
    assert new.StudyDate == ""


@pytest.mark.parametrize(
    ("charset", "name", "comment"),
    [
        ("ISO_IR 192", "Müller^Jürgen", "Herr Müller hustet"),
        ("ISO_IR 100", "Müller^Jürgen", "Herr Müller hustet"),
        ("ISO_IR 144", "Чайковский^Илья", "Чайковский кашляет"),
        (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎", "山田 の 胸部"),
        ("GB18030", "Wang^XiaoDong=王^小东", "王小东 咳嗽"),
    ],
)
def test_character_sets(charset: str | list[str], name: str, comment: str) -> None:
    new = after(SpecificCharacterSet=charset, PatientName=name, PatientComments=comment)
    family = name.partition("=")[2].partition("^")[0] or name.partition("^")[0]
    assert family not in new.PatientComments
    assert "[PERSON_NAME]" in new.PatientComments
    assert new.PatientComments.split()[-1] == comment.rsplit(maxsplit=1)[-1]


def test_descriptions_are_cleaned_of_what_the_profile_takes_away() -> None:
    """The example of Google's page: the patient "Wall", whose name stands in StudyDescription."""
    rules = DicomRules(Profile.BASIC, clean_descriptors=True)
    new = after(rules=rules, PatientName="Wall^Peter", StudyDescription="Chest of Wall", SeriesDescription="Lateral")
    assert (new.StudyDescription, new.SeriesDescription) == ("Chest of [CTX]", "Lateral")
    assert str(new.PatientName) == ""


def test_a_name_that_is_disguised_as_bytes_does_not_pass() -> None:
    data = made(PatientComments="x").replace(b"\x10\0\x10\0PN", b"\x10\0\x10\0CS")
    new = pydicom.dcmread(BytesIO(deidentify(data, CONTENTS, KEY, Cleaner(TextRules.basic(), KEY)).content()))
    assert new[0x00100010].VR == "CS"
    assert not new[0x00100010].value


def test_texts_of_unknown_vr_are_inspected_where_they_are_texts() -> None:
    film = pydicom.dcmread(BytesIO(made()))
    film.add_new(0x00091001, "UN", b"seen by Jane Doe")
    film.add_new(0x00091002, "UN", b"\x01\x02\x03\x04")
    target = BytesIO()
    film.save_as(target)
    new = pydicom.dcmread(
        BytesIO(deidentify(target.getvalue(), CONTENTS, KEY, Cleaner(TextRules.basic(), KEY)).content())
    )
    assert b"Doe" not in new[0x00091001].value
    assert new[0x00091002].value == b"\x01\x02\x03\x04"
