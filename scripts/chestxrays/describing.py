"""What the header of a film says: the modules of the Digital X-Ray IOD (PS3.3 A.26), from a record and its pixels.

Functions are named after the modules. A type 2 attribute of which nothing is known is there and empty; nothing is made
up for one of type 1 but the pixel spacing of a film that has none, which is 1 mm and says so (Detector, below).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from emulator.dicom.elements import Value, encode
from scripts.chestxrays.decoding import Picture
from scripts.chestxrays.errors import ConversionError
from scripts.chestxrays.labels import MOST_ID_BYTES
from scripts.chestxrays.records import NO_FINDING, FilmRecord
from scripts.chestxrays.uids import instance_uid, is_nih, series_uid, study_uid
from scripts.chestxrays.wording import comments, derivation, fits, only_printable, shortened

SOP_CLASS = "1.2.840.10008.5.1.4.1.1.1.1"
"""Digital X-Ray Image Storage - For Presentation."""

_LABEL = "SYNTHETIC IMAGE, NOT A PATIENT"
_PRIVATE_SCHEME = "99CHESTXRAY14"
_SHORT, _LONG = 16, 64
_VIEW_CODES = {"PA": ("272479007", "postero-anterior"), "AP": ("399348003", "antero-posterior")}
_DATA = Path(__file__).parent / "data" / "findings.json"


def describe(record: FilmRecord, picture: Picture) -> dict[int, bytes]:
    """The encoded elements by tag, without Pixel Data and file meta. Raises ConversionError for an id that can't be."""
    if not record.patient_id or not fits(record.patient_id, MOST_ID_BYTES) or "\\" in record.patient_id:
        raise ConversionError(f"The patient's id is empty, has a backslash or over {MOST_ID_BYTES} bytes.")
    nih = is_nih(record) and not picture.synthetic
    dataset: dict[str, Value] = {
        **_patient(record, synthetic=picture.synthetic),
        **_study_and_series(record, nih=nih),
        **_image(record, picture, nih=nih),
        **_pixels_and_window(picture),
        **_detector(record, picture),
    }
    if record.view:
        code, meaning = _VIEW_CODES[record.view]
        dataset["ViewPosition"] = record.view
        dataset["ViewCodeSequence"] = [_code(code, "SCT", meaning) | {"ViewModifierCodeSequence": []}]
    if nih:
        dataset |= _clinical_trial(record)
    return {
        **_constants(nih=nih),
        **_acquisition_context(record.findings, labelled=_labelled(record)),
        **encode(dataset),
    }


@cache
def _constants(*, nih: bool) -> Mapping[int, bytes]:
    """What all films share, encoded once: the larger part of the header."""
    return encode(_of_every_film() | (_of_nihs_films() if nih else {"BurnedInAnnotation": "YES"}))


def _of_every_film() -> dict[str, Value]:
    return {
        "SpecificCharacterSet": "ISO_IR 192",
        "SOPClassUID": SOP_CLASS,
        # The lists have no dates, and an invented one would be taken for true: empty, as type 2 allows.
        "StudyDate": "",
        "StudyTime": "",
        "PatientBirthDate": "",
        "ReferringPhysicianName": "",
        "Modality": "DX",
        "PresentationIntentType": "FOR PRESENTATION",
        "SeriesNumber": "1",
        "InstanceNumber": "1",
        "Manufacturer": "",
        # DX Anatomy Imaged (C.8.11.2): U is "unpaired".
        "BodyPartExamined": "CHEST",
        "ImageLaterality": "U",
        "AnatomicRegionSequence": [_code("816094009", "SCT", "Chest")],
        # Both views are shown as if the patient faced the reader: their left on the right.
        "PatientOrientation": ["L", "F"],
        # DX Image (C.8.11.3). White is bone: the more X-rays arrived, the lower the value (sign -1).
        "PixelIntensityRelationship": "LOG",
        "PixelIntensityRelationshipSign": -1,
        "RescaleIntercept": "0",
        "RescaleSlope": "1",
        "RescaleType": "US",
        "PresentationLUTShape": "IDENTITY",
        "DetectorType": "",
        # DX Positioning (C.8.11.5) needs it, and nobody knows what held the detector.
        "PositionerType": "",
        "ContributingEquipmentSequence": [
            {
                "Manufacturer": "Healthcare Cloud POC",
                "ManufacturerModelName": "scripts.chestxrays",
                "SoftwareVersions": "1",
                "ContributionDescription": "Converted to DICOM",
                "PurposeOfReferenceCodeSequence": [_code("109103", "DCM", "Modifying Equipment")],
            }
        ],
    }


def _of_nihs_films() -> dict[str, Value]:
    return {
        "InstitutionName": "NIH Clinical Center",
        "PatientIdentityRemoved": "YES",
        "DeidentificationMethod": "Done by the NIH Clinical Center before publication",
        "DerivationCodeSequence": [_code("113085", "DCM", "Spatial resampling")],
        # NIH screened the films before publishing them. Of any other set nobody has said so: YES, above.
        "BurnedInAnnotation": "NO",
    }


def _patient(record: FilmRecord, *, synthetic: bool) -> dict[str, Value]:
    """Patient (C.7.1.1) and Patient Study (C.7.2.2)."""
    name = "".join(" " if letter in "^=" else letter for letter in record.patient_id)
    dataset: dict[str, Value] = {
        "PatientName": shortened(f"{'Synthetic' if synthetic else 'Anonymous'}^{name}", _LONG),
        "PatientID": record.patient_id,
        "PatientSex": record.sex,
    }
    if record.age is not None:
        dataset["PatientAge"] = f"{record.age:03d}Y"
    if synthetic:
        dataset["PatientComments"] = _LABEL
    return dataset


def _study_and_series(record: FilmRecord, *, nih: bool) -> dict[str, Value]:
    """General Study (C.7.2.1), General Series (C.7.3.1), DX Series (C.8.11.1)."""
    # Not a real order's number. PACSes that file studies by it need one for each study, so it is the study's key.
    number = record.index[9:12] if is_nih(record) else f"{record.follow_up:03d}"
    accession = f"{'NIH' if nih else ''}{record.patient_id}-{number}"
    findings = ", ".join(record.findings).replace("_", " ") or (NO_FINDING if _labelled(record) else "not labelled")
    return {
        "StudyInstanceUID": study_uid(record),
        "StudyID": str(record.follow_up)[:_SHORT],
        "AccessionNumber": accession if fits(accession, _SHORT) else "",
        "StudyDescription": f"Chest X-ray, follow-up {record.follow_up}",
        "SeriesInstanceUID": series_uid(record),
        "SeriesDescription": shortened(only_printable(f"Chest {record.view}: ".replace(" :", ":") + findings), _LONG),
    }


def _clinical_trial(record: FilmRecord) -> dict[str, Value]:
    """Clinical Trial Subject (C.7.1.3), Study (C.7.2.3), Series (C.7.3.2): whose set it is and the place in it."""
    return {
        "ClinicalTrialSponsorName": "NIH Clinical Center",
        "ClinicalTrialProtocolID": "NIH ChestX-ray14",
        "ClinicalTrialProtocolName": f"NIH Chest X-ray Dataset, labels {record.version}",
        "ClinicalTrialSiteID": "",
        "ClinicalTrialSiteName": "NIH Clinical Center",
        "ClinicalTrialSubjectID": record.patient_id,
        "ClinicalTrialTimePointID": str(record.follow_up),
        "ClinicalTrialTimePointDescription": f"Follow-up {record.follow_up}",
        "ClinicalTrialCoordinatingCenterName": "",
        "ClinicalTrialSeriesID": record.index,
    }


def _image(record: FilmRecord, picture: Picture, *, nih: bool) -> dict[str, Value]:
    """General Image (C.7.6.1) and SOP Common (C.12.1)."""
    dataset: dict[str, Value] = {
        "SOPInstanceUID": instance_uid(record),
        "ImageType": ["DERIVED", "PRIMARY"],
        "DerivationDescription": derivation(record, picture, nih=nih),
        "ImageComments": comments(record, nih=nih, synthetic=picture.synthetic),
        # Once lossy, for ever lossy (C.7.6.1.1.5). NIH says of no lossy step: scaling and fewer bits are none.
        "LossyImageCompression": "00",
    }
    if picture.lossy_ratio is not None:
        dataset |= {
            "LossyImageCompression": "01",
            "LossyImageCompressionRatio": f"{picture.lossy_ratio:.2f}",
            "LossyImageCompressionMethod": "ISO_10918_1",
        }
    return dataset


def _pixels_and_window(picture: Picture) -> dict[str, Value]:
    """Image Pixel (C.7.6.3) and VOI LUT (C.11.2): all 8 bits are shown; of 16 bits, the range that is used."""
    rows, columns = picture.pixels.shape
    bits = 8 * picture.pixels.itemsize
    low, high = (0, 255) if bits == 8 else (int(picture.pixels.min()), int(picture.pixels.max()))
    return {
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "Rows": rows,
        "Columns": columns,
        "BitsAllocated": bits,
        "BitsStored": bits,
        "HighBit": bits - 1,
        "PixelRepresentation": 0,
        "WindowCenter": _decimal((low + high + 1) / 2),
        "WindowWidth": str(high - low + 1),
    }


def _detector(record: FilmRecord, picture: Picture) -> dict[str, Value]:
    """DX Detector (C.8.11.4): ImagerPixelSpacing, rows first, at the detector's front.

    The lists' spacing is the original film's, x first; the film was scaled, so each side's spacing grows by what its
    side shrank. Not PixelSpacing, which would say that somebody calibrated it to the patient (C.10.7.1.1).
    """
    if record.spacing is None:
        # Type 1, so something must be there: a value nobody takes for a measurement rather than a likely one.
        return {"ImagerPixelSpacing": ["1", "1"]}
    rows, columns = picture.pixels.shape
    x, y = record.spacing
    if record.width and record.height:
        x, y = x * record.width / columns, y * record.height / rows
    return {"ImagerPixelSpacing": [_decimal(y), _decimal(x)]}


@cache
def _acquisition_context(findings: tuple[str, ...], *, labelled: bool) -> Mapping[int, bytes]:
    """Acquisition Context (C.7.6.14): an item for each finding, (121071, DCM, "Finding") = its code.

    No module of an image has a place for what was seen in it (that is a Structured Report's), and this one is the list
    of coded names and values that the Digital X-Ray requires. Cached, because the set has 836 combinations.
    """
    names = findings or ((NO_FINDING,) if labelled else ())
    items: list[Mapping[str, Value]] = [
        {
            "ValueType": "CODE",
            "ConceptNameCodeSequence": [_code("121071", "DCM", "Finding")],
            "ConceptCodeSequence": [_code(*finding_code(name))],
        }
        for name in names
    ]
    dataset: dict[str, Value] = {"AcquisitionContextSequence": items}
    private = any(finding_code(name)[1] == _PRIVATE_SCHEME for name in names)
    if private:
        dataset["CodingSchemeIdentificationSequence"] = [
            {"CodingSchemeDesignator": _PRIVATE_SCHEME, "CodingSchemeName": "Findings of the NIH ChestX-ray14 lists"}
        ]
    return encode(dataset)


def finding_code(name: str) -> tuple[str, str, str]:
    """Code value, scheme and meaning of a finding; a word of a list of one's own is its own code, privately."""
    known = _codes().get(name)
    if known:
        return known[0], known[1], known[2]
    word = only_printable(name)
    value = "".join(letter for letter in word.upper() if letter.isascii() and letter.isalnum())[:_SHORT]
    return value or "OTHER", _PRIVATE_SCHEME, shortened(word, _LONG) or "Other"


@cache
def _codes() -> dict[str, list[str]]:
    codes: dict[str, list[str]] = json.loads(_DATA.read_text(encoding="utf-8"))["codes"]
    return codes


def _code(value: str, scheme: str, meaning: str) -> dict[str, Any]:
    """The Code Sequence Macro (PS3.3 8.8)."""
    return {"CodeValue": value, "CodingSchemeDesignator": scheme, "CodeMeaning": meaning}


def _labelled(record: FilmRecord) -> bool:
    """Does an empty tuple mean No Finding? NIH's lists label every film; in a list of one's own it is not known."""
    return is_nih(record)


def _decimal(value: float) -> str:
    """A DS: at most 16 characters (PS3.5 6.2)."""
    return f"{value:.6g}"
