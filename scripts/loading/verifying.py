"""Comparing what a source holds with what arrived: in the bucket, in the store, in the tables. Nothing is changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from scripts.commands.export import DEFAULT_TABLE
from scripts.connection import Connection
from scripts.console import Progress
from scripts.dicomweb import DicomWeb, value
from scripts.loading.manifest import Manifest, top_folder
from scripts.loading.sources import Content, Source, SourceError
from scripts.loading.uploading import Stored, listing, size_and_crc32c
from scripts.parallel import run_parallel

_INSTANCE_UID = "00080018"
_PAGE = 5000


@dataclass
class Differences:
    """What was compared, and every difference by the name of the file or of what is there."""

    files: int = 0
    in_bucket: int = 0
    in_store: int = 0
    in_tables: dict[str, int] = field(default_factory=dict)
    """Rows found for these files, by table; tables that do not exist are left out."""
    found: list[tuple[str, str]] = field(default_factory=list)
    """What is different, and where it is: ("missing in the store", "00000001_000.png")."""

    def add(self, what: str, names: Iterable[str]) -> None:
        """Note the same difference of several files."""
        self.found += [(what, name) for name in sorted(names)]

    def to_json(self) -> dict[str, Any]:
        """For a program to read."""
        return {
            "files": self.files,
            "bucket": self.in_bucket,
            "store": self.in_store,
            "tables": self.in_tables,
            "differences": [{"what": what, "file": name} for what, name in self.found],
        }


def compare(target: Connection, sources: Sequence[Source], bar: Progress, *, whole: bool) -> Differences:
    """Compare `sources` with the landing bucket, the DICOM store, and the table of exported metadata if there is one.

    A file is sound in the bucket if its bytes are the source's, or if it was made from this very source by this very
    version. `whole`: the sources are all there should be, so that what else is in their folders is a difference, too.
    """
    result = Differences(files=len(sources))
    bucket = target.outputs.landing_bucket
    held = listing(target, bucket, sources)
    manifest = Manifest(target.storage.bucket(bucket), {top_folder(source.object_name) for source in sources})
    unsound = _compare_bucket(result, sources, held, bar)
    if whole:
        folders = tuple(f"{source.batch}/" if source.batch else "" for source in sources)
        extra = {name for name in held if name.startswith(tuple(set(folders)))} - {each.object_name for each in sources}
        result.add("only in the bucket", extra)
    expected = {uid: source for source in sources if source not in unsound and (uid := source.instance_uid())}
    _compare_store(target, result, expected, manifest)
    _compare_metadata(target, result, expected)
    return result


def _compare_bucket(
    result: Differences, sources: Sequence[Source], held: dict[str, Stored], bar: Progress
) -> set[Source]:
    """Note what the bucket lacks or holds with other bytes; gives the sources that are no sound files themselves."""
    unsound = set()
    for source, what in run_parallel(lambda source: _look(source, held.get(source.object_name)), sources):
        bar.advance()
        if what is None:
            result.in_bucket += 1
            continue
        result.found.append((what, source.label))
        if what.startswith("unsound"):
            unsound.add(source)
    result.found.sort()
    return unsound


def _look(source: Source, held: Stored | None) -> str | None:
    """What is different about one file; None where nothing is."""
    problem = source.problem()
    if problem:
        return f"unsound at its source ({problem})"
    if held is None:
        return "missing in the bucket"
    if source.fixed_version:
        return None if held.mark == source.fixed_version else "made from another version in the bucket"
    try:
        content: Content = source.content()
        same = (held.size, held.crc32c) == size_and_crc32c(content)
    except SourceError as error:
        return f"unsound at its source ({error})"
    except OSError as error:
        return f"unsound at its source (the file cannot be read: {error.strerror})"
    return None if same else "other bytes in the bucket"


def _compare_store(target: Connection, result: Differences, expected: dict[str, Source], manifest: Manifest) -> None:
    if not expected:
        return
    missing = dict(expected)
    for instance in DicomWeb(target).search("/instances", [], None, page=_PAGE):
        if missing.pop(value(instance, _INSTANCE_UID), None) is not None:
            result.in_store += 1
    for source in sorted(missing.values(), key=lambda each: each.label):
        entry = manifest.get(source.object_name)
        reason = f" ({entry.reason})" if entry and entry.reason else ""
        result.found.append((f"missing in the store{reason}", source.label))


def _compare_metadata(target: Connection, result: Differences, expected: dict[str, Source]) -> None:
    """Compare with the table that `export --to table` makes; its rows are as old as the last export."""
    rows = columns(target, DEFAULT_TABLE, ("SOPInstanceUID",))
    if rows is None or not expected:
        return
    present = expected.keys() & {uid for (uid,) in rows}
    result.in_tables[DEFAULT_TABLE] = len(present)
    result.add(f"missing in table {DEFAULT_TABLE}", (expected[uid].label for uid in expected.keys() - present))


def columns(target: Connection, table: str, names: Sequence[str]) -> Iterator[tuple[Any, ...]] | None:
    """Each row's values of some columns of a table in the stack's dataset; None where there is no such table."""
    from google.api_core.exceptions import NotFound

    reference = f"{target.outputs.project}.{target.outputs.bigquery_dataset}.{table}"
    try:
        found = target.bigquery.get_table(reference)
    except NotFound:
        return None
    fields = [each for each in found.schema if each.name in names]
    rows = target.bigquery.list_rows(found, selected_fields=fields)
    return (tuple(row[name] for name in names) for row in rows)
