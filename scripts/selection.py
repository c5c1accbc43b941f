"""What a command is to work on: UIDs, paths, wildcards in them, or the matches of a search."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING
from urllib.parse import unquote

from scripts.dicomweb import ResourcePath, filters
from scripts.errors import UsageError

if TYPE_CHECKING:
    from scripts.dicomweb import DicomWeb

_LEVELS = ("studies", "series", "instances")
_KINDS = ("study", "series", "instance")
_KEYWORDS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
_STUDY_KEYS = (
    ("StudyInstanceUID", "0020000D"),
    ("PatientName", "00100010"),
    ("PatientID", "00100020"),
    ("AccessionNumber", "00080050"),
    ("ReferringPhysicianName", "00080090"),
    ("StudyDate", "00080020"),
)
_SERIES_KEYS = (("SeriesInstanceUID", "0020000E"), ("Modality", "00080060"))
_INSTANCE_KEYS = (("SOPInstanceUID", "00080018"),)
_LEVEL_OF_KEY = {
    name: level
    for level, keys in enumerate((_STUDY_KEYS, _SERIES_KEYS, _INSTANCE_KEYS))
    for key in keys
    for name in key
}
"""The highest level at which a key, by keyword or tag, can be searched (Cloud Healthcare: QIDO)."""


def is_pattern(text: str | None) -> bool:
    """Whether `text` has a wildcard: `*` any characters, `?` one."""
    return text is not None and ("*" in text or "?" in text)


def is_searchable(key: str, level: str) -> bool:
    """Whether `key`, a keyword or tag, can be searched at `level` ("studies", "series", "instances")."""
    return _LEVEL_OF_KEY.get(key, len(_LEVELS)) <= _LEVELS.index(level)


def parse_paths(words: Sequence[str]) -> list[ResourcePath]:
    """`STUDY [SERIES [INSTANCE]]`, or any number of `studies/UID[/series/UID[/instances/UID]]`. Raises UsageError."""
    if not all(word.strip() for word in words):
        raise UsageError("A UID is empty: that would name everything around it.")
    if not any("/" in word for word in words):
        if not 1 <= len(words) <= len(_LEVELS):
            raise UsageError("Write STUDY [SERIES [INSTANCE]], or studies/UID for each of several studies.")
        return [ResourcePath(*words)]
    return [_path(word) for word in words]


def _path(word: str) -> ResourcePath:
    parts = word.strip("/").split("/")
    uids = [unquote(part) for part in parts[1::2]]
    if len(parts) % 2 or len(uids) > len(_LEVELS) or tuple(parts[::2]) != _LEVELS[: len(uids)] or not all(uids):
        raise UsageError(f"{word} is no path: write studies/UID, studies/UID/series/UID and so on.")
    return ResourcePath(*uids)


def select(
    web: DicomWeb, words: Sequence[str], where: Sequence[str], *, fuzzy: bool = False, check: bool = False
) -> list[ResourcePath]:
    """What `words` or the filters `where` name, each once, without what lies below another.

    A path without wildcards is looked up only to `check` that it is there. Filters give what is at the level of their
    lowest key: PatientID gives studies, Modality series. Raises UsageError unless there is one or the other.
    """
    if bool(words) == bool(where):
        raise UsageError("Say what: UIDs, or --where KEY=VALUE, and not both.")
    if words:
        found = [each for path in parse_paths(words) for each in expand(web, path, check=check)]
    else:
        pairs = filters(list(where))
        if empty := [key for key, wanted in pairs if not wanted.strip()]:
            raise UsageError(f"{empty[0]} has no value: that could name everything.")
        level = max(_LEVEL_OF_KEY.get(key, 0) for key, _ in pairs)
        found = _search(web, level, pairs + ([("fuzzymatching", "true")] if fuzzy else []))
    return outermost(found)


def expand(web: DicomWeb, path: ResourcePath, *, check: bool = False) -> list[ResourcePath]:
    """What the store holds at `path`, whose UIDs may have wildcards; without one, the path itself, unless `check`."""
    uids = [uid for uid in (path.study, path.series, path.instance) if uid is not None]
    if not check and not any(is_pattern(uid) for uid in uids):
        return [path]
    known = [(key, uid) for key, uid in zip(_KEYWORDS, uids, strict=False) if not is_pattern(uid)]
    return [each for each in _search(web, len(uids) - 1, known) if _fits(each, uids)]


def _search(web: DicomWeb, level: int, parameters: list[tuple[str, str]]) -> list[ResourcePath]:
    return [ResourcePath.of(found, _KINDS[level]) for found in web.search(f"/{_LEVELS[level]}", parameters, None)]


def _fits(path: ResourcePath, patterns: Sequence[str]) -> bool:
    uids = (path.study, path.series, path.instance)
    return all(
        uid is not None and (uid == pattern or fnmatchcase(uid, pattern))
        for uid, pattern in zip(uids, patterns, strict=False)
    )


def outermost(paths: Iterable[ResourcePath]) -> list[ResourcePath]:
    """The paths in their order, each once, but for those that lie below another of them."""
    unique = dict.fromkeys(paths)
    above = {path for path in unique if path.instance is None}
    return [path for path in unique if not any(parent in above for parent in _parents(path))]


def _parents(path: ResourcePath) -> list[ResourcePath]:
    parents = [ResourcePath(path.study)] if path.series else []
    return parents + ([ResourcePath(path.study, path.series)] if path.instance else [])
