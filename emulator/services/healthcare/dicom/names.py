"""The path of a DICOMweb request, parsed and written in one place."""

from dataclasses import dataclass
from typing import Self


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
