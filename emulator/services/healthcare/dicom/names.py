"""Names of DICOM stores' methods and resources, and the path of a DICOMweb request."""

from dataclasses import dataclass
from typing import Self

from emulator.services.healthcare.names import METHODS

STORES = f"{METHODS}.dicomStores"
"""What the ids of the methods of DICOM stores begin with."""
STUDIES = f"{STORES}.studies"
"""What the ids of the methods of studies begin with, and of those below."""
DICOM_STORE = "healthcare.dicomStores"
"""The kind of DICOM stores in the table of resources."""


@dataclass(frozen=True, slots=True)
class DicomPath:
    """What a DICOMweb path names below a store: a study, series, instance; "" where it does not go so deep."""

    study: str = ""
    series: str = ""
    instance: str = ""

    @classmethod
    def parse(cls, path: str) -> Self:
        """Read studies/U[/series/U[/instances/U]], whatever else follows."""
        parts = path.split("/")
        found = {}
        for name, key in (("studies", "study"), ("series", "series"), ("instances", "instance")):
            if len(parts) >= 2 and parts[0] == name:
                found[key] = parts[1]
                parts = parts[2:]
        return cls(**found)

    def __str__(self) -> str:
        levels = (("studies", self.study), ("series", self.series), ("instances", self.instance))
        return "/".join(f"{name}/{uid}" for name, uid in levels if uid)
