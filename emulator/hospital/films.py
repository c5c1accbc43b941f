"""The films of visits as DICOM files: Digital X-Ray for presentation (PS3.3 A.26) and Computed Radiography (A.2)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from emulator.dicom.elements import Value, encode, file_head, joined, native
from emulator.hospital.people import NAME, Chance, Physician, uid
from emulator.hospital.pictures import SIDE, pixels
from emulator.hospital.story import Film, Visit

CLASSES = {"DX": "1.2.840.10008.5.1.4.1.1.1.1", "CR": "1.2.840.10008.5.1.4.1.1.1"}
"""The SOP class of each modality."""

_SYNTAX = "1.2.840.10008.1.2.1"
_WRITER = uid("implementation"), "HCPOC_HOSPITAL_1"
"""Another number when the same film gets other bytes."""
_LABEL = "SYNTHETIC IMAGE, NOT A PATIENT"
_VIEWS = {
    "PA": ("272479007", "postero-anterior", ("L", "F")),
    "AP": ("399348003", "antero-posterior", ("L", "F")),
    "LL": ("399173006", "left lateral", ("A", "F")),
}


def dicom(visit: Visit, film: Film) -> bytes:
    """A film of a visit as a DICOM file of about 10 kB, uncompressed."""
    patient = visit.patient
    chance = Chance(patient.seed, ("hospital", patient.number, visit.number, film.view))
    image = pixels(patient.chance, chance, film.view, visit.finding.name)
    dataset = {
        **_SHARED,
        **_patient(visit),
        **_study(visit),
        **_series(visit, film),
        **_image(visit, film),
        **(_digital(film) if visit.modality == "DX" else {}),
    }
    head = file_head(CLASSES[visit.modality], film.instance, _SYNTAX, _WRITER)
    return b"".join([head, joined(encode(dataset)), *native(image.tobytes(), words=False)])


def day(at: datetime) -> str:
    """The date as DICOM (DA) and HL7 have it."""
    return f"{at:%Y%m%d}"


def name(of: Physician) -> str:
    """A physician's name (PN)."""
    return f"{of.family}^{of.given}"


def _clock(at: datetime) -> str:
    return f"{at:%H%M%S}"


def _code(value: str, scheme: str, meaning: str) -> Mapping[str, Value]:
    return {"CodeValue": value, "CodingSchemeDesignator": scheme, "CodeMeaning": meaning}


_SHARED: dict[str, Value] = {
    "SpecificCharacterSet": "ISO_IR 192",
    "TimezoneOffsetFromUTC": "+0000",
    # Patient (C.7.1.1) and General Equipment (C.7.5.1).
    "PatientComments": _LABEL,
    "Manufacturer": "Healthcare Cloud POC",
    "ManufacturerModelName": "Made-up hospital",
    "SoftwareVersions": "1",
    "InstitutionName": NAME,
    "BodyPartExamined": "CHEST",
    # Image Pixel (C.7.6.3) and VOI LUT (C.11.2).
    "SamplesPerPixel": 1,
    "PhotometricInterpretation": "MONOCHROME2",
    "Rows": SIDE,
    "Columns": SIDE,
    "BitsAllocated": 8,
    "BitsStored": 8,
    "HighBit": 7,
    "PixelRepresentation": 0,
    "WindowCenter": "128",
    "WindowWidth": "256",
    "LossyImageCompression": "00",
    "ImageComments": _LABEL,
    "BurnedInAnnotation": "NO",
    "ImagerPixelSpacing": ["4", "4"],
}


def _patient(visit: Visit) -> dict[str, Value]:
    """Patient (C.7.1.1), Patient Study (C.7.2.2)."""
    patient = visit.patient
    age = (visit.films[0].taken.date() - patient.born).days // 365
    return {
        "PatientName": f"{patient.family}^{patient.given}",
        "PatientID": patient.id,
        "IssuerOfPatientID": NAME,
        "PatientBirthDate": f"{patient.born:%Y%m%d}",
        "PatientSex": patient.sex,
        "PatientAge": f"{age:03d}Y",
        "AdmissionID": visit.id,
    }


def _study(visit: Visit) -> dict[str, Value]:
    """General Study (C.7.2.1)."""
    taken = visit.films[0].taken
    return {
        "StudyInstanceUID": visit.study,
        "StudyDate": day(taken),
        "StudyTime": _clock(taken),
        "StudyID": str(visit.number),
        "AccessionNumber": visit.accession,
        "ReferringPhysicianName": name(visit.referrer),
        "StudyDescription": "Chest X-ray",
    }


def _series(visit: Visit, film: Film) -> dict[str, Value]:
    """General Series (C.7.3.1) with what was asked for, CR Series (C.8.1.1)."""
    asked: Mapping[str, Value] = {
        "RequestedProcedureID": visit.placer,
        "RequestedProcedureDescription": "Chest X-ray",
        "ReasonForTheRequestedProcedure": visit.reason,
        "ScheduledProcedureStepID": visit.placer,
    }
    return {
        "SeriesInstanceUID": film.series,
        "SeriesNumber": str(film.number),
        "SeriesDate": day(film.taken),
        "SeriesTime": _clock(film.taken),
        "SeriesDescription": f"Chest {film.view}",
        "Modality": visit.modality,
        "RequestAttributesSequence": [asked],
        "ViewPosition": film.view,
    }


def _image(visit: Visit, film: Film) -> dict[str, Value]:
    """General Image (C.7.6.1), SOP Common (C.12.1)."""
    return {
        "SOPClassUID": CLASSES[visit.modality],
        "SOPInstanceUID": film.instance,
        "InstanceNumber": str(film.number),
        "ImageType": ["ORIGINAL", "PRIMARY"],
        "AcquisitionDate": day(film.taken),
        "AcquisitionTime": _clock(film.taken),
        "ContentDate": day(film.taken),
        "ContentTime": _clock(film.taken),
        "PatientOrientation": _VIEWS[film.view][2],
    }


def _digital(film: Film) -> dict[str, Value]:
    """What Digital X-Ray has beyond: DX Series, Anatomy, Image, Detector, Positioning (C.8.11.1 to C.8.11.5)."""
    code, meaning, _ = _VIEWS[film.view]
    return {
        "PresentationIntentType": "FOR PRESENTATION",
        "ImageLaterality": "U",
        "AnatomicRegionSequence": [_code("816094009", "SCT", "Chest")],
        "PixelIntensityRelationship": "LOG",
        "PixelIntensityRelationshipSign": -1,
        "RescaleIntercept": "0",
        "RescaleSlope": "1",
        "RescaleType": "US",
        "PresentationLUTShape": "IDENTITY",
        "DetectorType": "",
        "PositionerType": "",
        "ViewCodeSequence": [{**_code(code, "SCT", meaning), "ViewModifierCodeSequence": []}],
        "AcquisitionContextSequence": [],
    }
