"""Made-up chest radiographs in the manner of the NIH ChestX-ray14 set, marked as synthetic wherever a reader looks.

The set is a function of its numbers: image k is the same film, with the same UIDs, on every run. NIH's names are
kept (`00000012_003.dcm` is patient 12, follow-up 3), and so are 1024 x 1024 pixels of 8 bits.
"""

from __future__ import annotations

import hashlib
import io
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pydicom.dataset import Dataset

SIDE = 1024
"""Pixels along each side."""
GENERATOR = "synthetic-chest-1"
"""The name of this generator; another number when its films change."""

_COARSE = 256
_PATIENT_BIRTH = date(1930, 1, 1)
_FIRST_STUDY = date(2020, 1, 1)
_ANOTHER_FOLLOW_UP = 0.725
"""Chance of one more film of the same patient: 3.6 films a patient on average, as in NIH's set."""
_MOST_FOLLOW_UPS = 40

_DX_FOR_PRESENTATION = "1.2.840.10008.5.1.4.1.1.1.1"
_EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
_LABEL = "SYNTHETIC IMAGE, NOT A PATIENT"


@dataclass(frozen=True)
class Film:
    """One image of the set: patient number from 1, follow-up from 0. Every follow-up is a study of its own."""

    patient: int
    follow_up: int

    @property
    def file_name(self) -> str:
        """The name as NIH's set would give it."""
        return f"{self.patient:08d}_{self.follow_up:03d}.dcm"

    @property
    def patient_id(self) -> str:
        """The PatientID."""
        return f"{self.patient:08d}"

    def uid(self, level: str) -> str:
        """The UID of the film's study, series or instance: a UUID-derived one (PS3.5 B.2) of its place in the set."""
        digest = hashlib.sha256(f"{GENERATOR}/{self.patient}/{self.follow_up}/{level}".encode()).digest()
        return f"2.25.{int.from_bytes(digest[:16], 'big')}"


def films(number: int) -> Iterator[Film]:
    """The first `number` films of the set, patient by patient."""
    patient, made = 1, 0
    while made < number:
        chance = random.Random(f"{GENERATOR}/{patient}")  # noqa: S311
        for follow_up in range(_MOST_FOLLOW_UPS):
            if made == number or (follow_up and chance.random() > _ANOTHER_FOLLOW_UP):
                break
            yield Film(patient, follow_up)
            made += 1
        patient += 1


def dicom_bytes(film: Film) -> bytes:
    """The film as a DICOM file (Digital X-Ray for presentation, PS3.3 A.26), about 1 MB."""
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import UID

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(_DX_FOR_PRESENTATION)
    meta.MediaStorageSOPInstanceUID = UID(film.uid("instance"))
    meta.TransferSyntaxUID = UID(_EXPLICIT_LITTLE_ENDIAN)
    dataset = FileDataset("", {}, file_meta=meta, preamble=bytes(128))
    _describe_patient_and_study(dataset, film)
    _describe_equipment_and_anatomy(dataset)
    _describe_image(dataset, film)
    dataset.PixelData = pixels(film).tobytes()
    dataset["PixelData"].VR = "OW"
    target = io.BytesIO()
    dataset.save_as(target, enforce_file_format=True)
    return target.getvalue()


def pixels(film: Film) -> NDArray[np.uint8]:
    """The film's pixels: a thorax with lungs, heart, ribs and noise, shaped by the patient, posed by the follow-up."""
    import numpy as np
    from PIL import Image

    body = random.Random(f"{GENERATOR}/{film.patient}/body")  # noqa: S311
    pose = random.Random(f"{GENERATOR}/{film.patient}/{film.follow_up}/pose")  # noqa: S311
    coarse = Image.fromarray(_thorax(body, pose))
    smooth = np.asarray(coarse.resize((SIDE, SIDE), Image.Resampling.BICUBIC), dtype=np.int16)
    grain = np.roll(_grain(), (pose.randrange(SIDE), pose.randrange(SIDE)), (0, 1))
    image: NDArray[np.uint8] = np.clip(smooth + grain, 0, 255).astype(np.uint8)
    marker = _marker()
    image[24 : 24 + marker.shape[0], 24 : 24 + marker.shape[1]] |= marker
    return image


def _describe_patient_and_study(dataset: Dataset, film: Film) -> None:
    """Patient, General Study and General Series (PS3.3 C.7.1 to C.7.3), DX Series (C.8.11.1)."""
    chance = random.Random(f"{GENERATOR}/{film.patient}/person")  # noqa: S311
    birth = _PATIENT_BIRTH + timedelta(days=chance.randrange(29_000))
    day = _FIRST_STUDY + timedelta(days=chance.randrange(365) + 97 * film.follow_up)
    dataset.PatientName = f"Synthetic^Patient {film.patient_id}"
    dataset.PatientID = film.patient_id
    dataset.PatientBirthDate = f"{birth:%Y%m%d}"
    dataset.PatientSex = chance.choice("FM")
    dataset.PatientAge = f"{(day - birth).days // 365:03d}Y"
    dataset.PatientComments = _LABEL
    dataset.StudyInstanceUID = film.uid("study")
    dataset.StudyDate = dataset.SeriesDate = dataset.AcquisitionDate = dataset.ContentDate = f"{day:%Y%m%d}"
    clock = f"{8 + film.patient % 10:02d}{film.follow_up:02d}00"
    dataset.StudyTime = dataset.SeriesTime = dataset.AcquisitionTime = dataset.ContentTime = clock
    dataset.StudyID = str(film.follow_up)
    dataset.AccessionNumber = f"SYN{film.patient:08d}{film.follow_up:03d}"
    dataset.ReferringPhysicianName = ""
    dataset.StudyDescription = "Synthetic chest X-ray"
    dataset.SeriesInstanceUID = film.uid("series")
    dataset.SeriesNumber = 1
    dataset.SeriesDescription = "Synthetic chest PA"
    dataset.Modality = "DX"
    dataset.PresentationIntentType = "FOR PRESENTATION"


def _describe_equipment_and_anatomy(dataset: Dataset) -> None:
    """General Equipment (C.7.5.1), DX Anatomy Imaged (C.8.11.2), Detector (C.8.11.4), Positioning (C.8.11.5)."""
    from pydicom.dataset import Dataset as Item

    dataset.Manufacturer = "Healthcare Cloud POC"
    dataset.ManufacturerModelName = GENERATOR
    dataset.InstitutionName = "Synthetic"
    region = Item()
    region.CodeValue, region.CodingSchemeDesignator, region.CodeMeaning = "43799004", "SCT", "Thorax"
    dataset.AnatomicRegionSequence = [region]
    dataset.ImageLaterality = "U"
    dataset.BodyPartExamined = "CHEST"
    dataset.DetectorType = "DIRECT"
    dataset.ImagerPixelSpacing = ["0.35", "0.35"]
    dataset.PixelSpacing = ["0.35", "0.35"]
    dataset.PixelSpacingCalibrationType = "GEOMETRY"
    dataset.PatientOrientation = ["L", "F"]
    dataset.ViewPosition = "PA"
    dataset.AcquisitionContextSequence = []


def _describe_image(dataset: Dataset, film: Film) -> None:
    """General Image (C.7.6.1), Image Pixel (C.7.6.3), DX Image (C.8.11.3), VOI LUT (C.11.2), SOP Common (C.12.1)."""
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID = _DX_FOR_PRESENTATION
    dataset.SOPInstanceUID = film.uid("instance")
    dataset.InstanceNumber = 1
    dataset.ImageType = ["DERIVED", "PRIMARY"]
    dataset.DerivationDescription = f"Made by {GENERATOR}"
    dataset.ImageComments = _LABEL
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows = dataset.Columns = SIDE
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit = 7
    dataset.PixelRepresentation = 0
    dataset.PixelIntensityRelationship = "LOG"
    dataset.PixelIntensityRelationshipSign = -1
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = "0", "1", "US"
    dataset.PresentationLUTShape = "IDENTITY"
    dataset.WindowCenter, dataset.WindowWidth = "128", "256"
    dataset.LossyImageCompression = "00"
    dataset.BurnedInAnnotation = "YES"


def _thorax(body: random.Random, pose: random.Random) -> NDArray[np.uint8]:
    """A coarse thorax: soft tissue bright, lungs dark, ribs across them, heart and diaphragm in front."""
    import numpy as np

    y, x = _grid()
    x = x + pose.uniform(-0.04, 0.04)
    y = y + pose.uniform(-0.03, 0.03)
    breath = pose.uniform(0.94, 1.06)
    image = 25 + 150 * _blob(x, y, 0.0, 0.15, body.uniform(0.86, 0.98), 1.15, 12)
    lungs = np.zeros_like(image)
    for side in (-1, 1):
        width, height = body.uniform(0.30, 0.35), body.uniform(0.60, 0.68) * breath
        lungs = np.maximum(lungs, _blob(x + 0.12 * side * y, y, 0.42 * side, -0.08, width, height, 14))
    image -= body.uniform(95, 115) * lungs
    arches = np.sin((y + 0.35 * x * x) * body.uniform(24, 28) + body.uniform(0, 6))
    image += 16 * lungs * np.clip(arches, 0, 1)
    vessels = np.exp(-6 * np.abs(np.abs(x) - 0.18)) * np.abs(np.sin(21 * x * y + body.uniform(0, 6)))
    image += 30 * lungs * vessels
    image += 45 * _blob(x, y, 0.0, 0.0, 0.10, 1.3, 16)
    heart = _blob(x, y, body.uniform(0.12, 0.18), 0.30, body.uniform(0.28, 0.36), 0.30, 14)
    image += (190 - image) * 0.75 * heart
    diaphragm = 1 / (1 + np.exp(-40 * (y - 0.55 * breath + 0.25 * (np.abs(x) - 0.42) ** 2)))
    image += (185 - image) * diaphragm * _blob(x, y, 0.0, 0.3, 0.92, 1.1, 12)
    for side in (-1, 1):
        collar = np.abs(y + 0.72 - 0.22 * side * x) < 0.025
        image += 22 * collar * (np.abs(x - 0.38 * side) < 0.33)
    rounded: NDArray[np.uint8] = np.clip(image, 0, 255).astype(np.uint8)
    return rounded


def _blob(x: Any, y: Any, left: float, top: float, width: float, height: float, edge: float) -> Any:
    """1 inside an ellipse around (left, top), 0 outside, with a soft edge."""
    import numpy as np

    distance = np.hypot((x - left) / width, (y - top) / height)
    return 1 / (1 + np.exp(np.clip(edge * (distance - 1), -30, 30)))


@cache
def _grid() -> tuple[Any, Any]:
    import numpy as np

    y, x = np.mgrid[-1 : 1 : _COARSE * 1j, -1 : 1 : _COARSE * 1j]
    return y.astype(np.float32), x.astype(np.float32)


@cache
def _grain() -> NDArray[np.int16]:
    """Film grain, made once; each film sees it from another corner."""
    import numpy as np

    return np.random.default_rng(14).normal(0, 4, (SIDE, SIDE)).astype(np.int16)


@cache
def _marker() -> NDArray[np.uint8]:
    """The word SYNTHETIC, as burned into a corner of every film."""
    import numpy as np
    from PIL import Image, ImageDraw, ImageFont

    card = Image.new("L", (260, 40))
    ImageDraw.Draw(card).text((0, 0), "SYNTHETIC", fill=255, font=ImageFont.load_default(36))
    return np.asarray(card)
