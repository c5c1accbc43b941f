"""The kinds of reading, and their requests."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks import wire
from benchmarks.corpus import Film
from benchmarks.dicomweb.server import JSON, Server

_MULTIPART = {"Accept": 'multipart/related; type="application/dicom"'}


@dataclass(frozen=True)
class Kind:
    """One kind: `static` names the folder in which nginx has the same bytes, `picture` the media type that is drawn."""

    label: str
    paths: Sequence[str]
    headers: dict[str, str]
    static: str = ""

    @property
    def picture(self) -> str:
        """The media type of a picture, "" for anything else."""
        media = self.headers["Accept"]
        return media if media.startswith("image/") else ""

    def requests(self, server: Server) -> list[wire.Sent]:
        """What one server is sent."""
        return [server.get(path, self.headers) for path in self.paths]


def kinds(number: int) -> Iterator[Kind]:
    """Every kind, about each of the first films in turn.

    They are more than the 128 MB of files that Orthanc remembers.
    """
    films = [Film(each) for each in range(number)]
    studies = [f"/studies/{film.study}" for film in films]
    instances = [f"/studies/{film.study}/series/{film.series}/instances/{film.instance}" for film in films]
    yield Kind("QIDO, 100 studies", ["/studies?limit=100"], JSON)
    yield Kind("QIDO, 100 instances", ["/instances?limit=100"], JSON)
    yield Kind("QIDO by PatientID", [f"/studies?PatientID={film.patient}" for film in films], JSON)
    yield Kind("metadata of an instance", [f"{path}/metadata" for path in instances], JSON, "metadata")
    yield Kind("metadata of a study", [f"{path}/metadata" for path in studies], JSON)
    yield Kind("WADO, an instance", instances, _MULTIPART, "instances")
    yield Kind("WADO, a study", studies, _MULTIPART, "studies")
    yield Kind("rendered as PNG", [f"{path}/rendered" for path in instances], {"Accept": "image/png"})
    yield Kind("rendered as JPEG", [f"{path}/rendered" for path in instances], {"Accept": "image/jpeg"})
