"""What `store` is to store: files, folders and wildcards become a list of files with a label each."""

from __future__ import annotations

import glob
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.errors import UsageError
from scripts.loading.dicom_files import is_passed_over
from scripts.loading.sources import files_under


@dataclass(frozen=True)
class Candidate:
    """A file, and how a report names it: below the one folder that was named, else as the command line names it."""

    path: Path
    label: str


def is_no_dicom(path: Path) -> bool:
    """Whether a file of a folder is plainly nothing to store: no image, and not JSON, which may be DICOM JSON."""
    return is_passed_over(path) and path.suffix.lower() != ".json"


def find_candidates(words: Sequence[str], passed_over: Callable[[Path], bool] = is_no_dicom) -> list[Candidate]:
    """The files that `words` name, each once, in their order: files, folders with all below them, and wildcards.

    `*`, `?`, `[...]` and `**` (any number of folders) are for shells that do not expand them, or quoted words.
    Hidden files and folders, and what is `passed_over`, are left out unless they are named. Raises UsageError for a
    word that gives no file.
    """
    found: dict[Path, Candidate] = {}
    for word in words:
        empty = True
        for path, label in _files(word, passed_over, alone=len(words) == 1):
            empty = False
            found.setdefault(path.resolve(), Candidate(path, label))
        if empty:
            raise UsageError(f"{word} holds no files." if Path(word).exists() else f"{word} matches no file.")
    return list(found.values())


def _files(word: str, passed_over: Callable[[Path], bool], *, alone: bool) -> Iterator[tuple[Path, str]]:
    path = Path(word)
    if path.exists():
        yield from _below(path, passed_over, alone=alone)
    elif not glob.has_magic(word):
        raise UsageError(f"{word} does not exist.")
    else:
        for match in sorted(glob.glob(word, recursive=True)):  # noqa: PTH207 (Path.glob takes no absolute pattern)
            yield from _below(Path(match), passed_over, alone=False)


def _below(path: Path, passed_over: Callable[[Path], bool], *, alone: bool) -> Iterator[tuple[Path, str]]:
    if path.is_file():
        yield path, path.name if alone else str(path)
        return
    for file in files_under(path):
        if not passed_over(file):
            yield file, file.relative_to(path).as_posix() if alone else str(file)
