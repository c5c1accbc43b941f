"""Any number of distinct DX films, made by changing identifiers in a few synthetic ones: cheap for the load generator.

Instance k belongs to study k // 2 and patient k // 4, as a patient with two examinations of two views has.
"""

import io
from dataclasses import dataclass

import pydicom
from pydicom.uid import UID

from scripts.loading.synthetic import dicom_bytes, films

IN_STUDY, IN_PATIENT = 2, 4
BOUNDARY = "boundary-of-a-part"

_MODELS = 8
_ROOT = "2.25.3"
_DIGITS = 36
_HEAD = 4096


@dataclass(frozen=True)
class Film:
    """The identifiers of one instance of the corpus."""

    number: int

    @property
    def study(self) -> str:
        """StudyInstanceUID."""
        return _uid(1, self.number // IN_STUDY)

    @property
    def series(self) -> str:
        """SeriesInstanceUID: one series in a study."""
        return _uid(2, self.number // IN_STUDY)

    @property
    def instance(self) -> str:
        """SOPInstanceUID."""
        return _uid(3, self.number)

    @property
    def patient(self) -> str:
        """PatientID, as long as those of the synthetic films."""
        return f"{self.number // IN_PATIENT:08d}"


def _uid(level: int, number: int) -> str:
    return f"{_ROOT}{level}{number:0{_DIGITS}d}"


_PLACE = Film(0)
_PATIENT = "PATIENT_"  # of the length of a PatientID, and nothing that occurs elsewhere


class Corpus:
    """Makes the bytes of films, with their pixels (about 1 MB) or without (about 1 kB)."""

    def __init__(self, *, pixels: bool) -> None:
        self._models: list[tuple[bytes, bytes]] = []
        for film in films(_MODELS):
            dataset = pydicom.dcmread(io.BytesIO(dicom_bytes(film)))
            dataset.StudyInstanceUID, dataset.SeriesInstanceUID = _PLACE.study, _PLACE.series
            dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = UID(_PLACE.instance)
            dataset.PatientID = _PATIENT
            if not pixels:
                del dataset.PixelData
            written = io.BytesIO()
            dataset.save_as(written)
            data = written.getvalue()
            self._models.append((data[:_HEAD], data[_HEAD:]))

    def file(self, film: Film) -> list[bytes]:
        """One film as a DICOM file, in pieces."""
        head, pixels = self._models[film.number % _MODELS]
        for old, new in (
            (_PLACE.study, film.study),
            (_PLACE.series, film.series),
            (_PLACE.instance, film.instance),
            (_PATIENT, film.patient),
        ):
            head = head.replace(old.encode(), new.encode())
        return [head, pixels]

    def multipart(self, numbers: range) -> list[bytes]:
        """Films as the body of one STOW request, in pieces."""
        head = f"--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode()
        parts = [part for number in numbers for part in (head, *self.file(Film(number)), b"\r\n")]
        return [*parts, f"--{BOUNDARY}--\r\n".encode()]
