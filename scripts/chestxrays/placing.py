"""Where in the landing bucket a film of a set lies."""

from __future__ import annotations

from abc import ABC, abstractmethod

from scripts.chestxrays.matching import without_ending
from scripts.loading.sources import DICOM_ENDING


class Placed(ABC):
    """A film with its folder of the bucket, `PREFIX/NN`: a thousand of the set's patients, some 3,600 films, share one.

    It is `PREFIX` itself for patients that are no numbers of eight digits.
    """

    __slots__ = ()

    prefix: str

    @property
    @abstractmethod
    def label(self) -> str:
        """The film's file, as the set names it."""

    @property
    @abstractmethod
    def patient_id(self) -> str:
        """The set's patient."""

    @property
    def batch(self) -> str:
        """The folder in the bucket."""
        if len(self.patient_id) == 8 and self.patient_id.isdigit():
            return _below(self.prefix, self.patient_id[3:5])
        return self.prefix

    @property
    def object_name(self) -> str:
        """The batch's folder and the film's name, with the ending .dcm."""
        return _below(self.batch, without_ending(self.label).removesuffix(DICOM_ENDING) + DICOM_ENDING)


def _below(folder: str, name: str) -> str:
    """A name in a folder; the bucket's top is no folder."""
    return f"{folder}/{name}" if folder else name
