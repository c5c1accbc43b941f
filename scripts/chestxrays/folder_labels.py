"""Sets whose labels are their folders: `train/PNEUMONIA/person1_bacteria_1.jpeg` in Kaggle's pneumonia set."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from scripts.chestxrays.images import ImageFile
from scripts.chestxrays.labels import MOST_ID_BYTES, Labels, finding_named, split_named
from scripts.chestxrays.matching import without_ending
from scripts.chestxrays.records import NO_FINDING, FilmRecord

FOLDERS = "folders"
"""What `--labels` says for this."""

_NORMAL = frozenset(("normal", "healthy", "negative", "nofinding"))
_PERSON = re.compile(r"(?:person|patient|subject)[-_ ]?\d+", re.IGNORECASE)
_UNWRITABLE = re.compile("[\\\\\x00-\x1f\x7f\ud800-\udfff]")


def label_folders(images: Iterable[ImageFile]) -> list[str]:
    """The names of the folders that images lie in directly, but for those of a split, in alphabetical order."""
    names = {PurePosixPath(image.path).parent.name for image in images}
    return sorted(name for name in names if name and not split_named(name))


def read_folders(images: Sequence[ImageFile], version: str) -> Labels:
    """A record for each image: the finding is its folder's name, the split a folder above that is called like one.

    The patient is what the file's name says (`person17_virus_3.jpeg`); else nobody knows who it is, and every image
    counts as a patient of its own.
    """
    records: list[FilmRecord] = []
    problems: list[str] = []
    for image in images:
        path = PurePosixPath(image.path)
        person = _PERSON.match(path.name)
        patient = person[0] if person else without_ending(image.path)
        if _UNWRITABLE.search(image.path) or len(patient.encode()) > MOST_ID_BYTES:
            problems.append(
                f"{image.path}: its path is no patient's id, which has {MOST_ID_BYTES} bytes and neither backslash nor"
                " control character; rename it and load again."
            )
            continue
        split = next((found for part in path.parts[:-1] if (found := split_named(part))), "")
        label = path.parent.name
        findings = () if _is_normal(label) or split_named(label) else (finding_named(label) or label,)
        records.append(
            FilmRecord(
                index=image.path,
                patient_id=patient,
                findings=tuple(each for each in findings if each != NO_FINDING),
                split=split,
                version=version,
            )
        )
    return Labels(tuple(records), tuple(problems))


def _is_normal(label: str) -> bool:
    return not label or re.sub(r"[\s_-]", "", label).lower() in _NORMAL
