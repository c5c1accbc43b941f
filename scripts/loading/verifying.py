"""Comparing what a source holds with what arrived: in the bucket, in the store, in the tables. Nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from scripts.comparison import Comparison
from scripts.connection import Connection
from scripts.console import Progress, count
from scripts.dicomweb import DicomWeb, value
from scripts.errors import CommandError, ExitCode
from scripts.loading.heads import instance_uid_in
from scripts.loading.manifest import Manifest, top_folder
from scripts.loading.sources import Source, SourceError
from scripts.loading.uploading import Stored, listing, size_and_crc32c
from scripts.parallel import run_parallel
from scripts.tables import METADATA_TABLE, columns_of, find_table

if TYPE_CHECKING:
    from google.cloud import storage

_INSTANCE_UID = "00080018"
_PAGE = 5000
_ASKED_ONE_BY_ONE = 100


@dataclass
class Differences(Comparison):
    """What was compared, in files, and every difference by the name of the file or of what is there."""

    in_bucket: int = 0
    in_store: int = 0
    in_tables: dict[str, int] = field(default_factory=dict)
    """Rows found for these files, by table; tables that do not exist are left out."""
    uids: dict[str, str] = field(default_factory=dict, repr=False)
    """The SOPInstanceUID of each sound file, by its label."""

    def to_json(self) -> dict[str, Any]:
        """For a program to read."""
        return {
            "files": self.compared,
            "bucket": self.in_bucket,
            "store": self.in_store,
            "tables": self.in_tables,
            "differences": [{"what": what, "file": name} for what, name in self.found],
        }


def compare(target: Connection, sources: Sequence[Source], bar: Progress, *, whole: bool) -> Differences:
    """Compare `sources` with the landing bucket, the DICOM store, and the table of exported metadata if there is one.

    A file is sound in the bucket if its bytes are the source's, or if it was made from this very source by this very
    version. `whole`: the sources are all there should be, so that what else is in their folders is a difference, too.
    Raises CommandError when Ctrl-C ends it.
    """
    result = Differences(len(sources))
    bucket = target.outputs.landing_bucket
    held = listing(target, bucket, sources)
    manifest = Manifest(target.storage.bucket(bucket), {top_folder(source.object_name) for source in sources})
    expected = _compare_bucket(target, result, sources, held, bar)
    # The bucket's very top is shared with other sets.
    folders = tuple({f"{source.batch}/" for source in sources if source.batch})
    if whole and folders:
        extra = {name for name in held if name.startswith(folders)} - {each.object_name for each in sources}
        result.add("only in the bucket", extra)
    stored = _compare_store(target, result, expected, manifest)
    _compare_metadata(target, result, expected, {uid: held.get(expected[uid].object_name) for uid in stored})
    return result


@dataclass(frozen=True)
class _Seen:
    """How a source stands: its SOPInstanceUID ("" where it can't be told) and what is different, or nothing."""

    uid: str
    what: str = ""

    @property
    def unsound(self) -> bool:
        """Whether the source itself is at fault."""
        return self.what.startswith("unsound")


def _compare_bucket(
    target: Connection, result: Differences, sources: Sequence[Source], held: dict[str, Stored], bar: Progress
) -> dict[str, Source]:
    """Note what the bucket lacks or holds with other bytes; gives the sound sources by their SOPInstanceUIDs."""
    landing = target.storage.bucket(target.outputs.landing_bucket)
    expected: dict[str, Source] = {}
    looked_at = 0
    with closing(run_parallel(lambda source: _look(landing, source, held.get(source.object_name)), sources)) as done:
        for source, seen in done:
            looked_at += 1
            bar.advance()
            if seen.what:
                result.found.append((seen.what, source.label))
            else:
                result.in_bucket += 1
            if seen.uid and not seen.unsound:
                expected[seen.uid] = source
                result.uids[source.label] = seen.uid
            elif not seen.unsound and source.object_name in held:
                result.found.append(("in the bucket, but its SOPInstanceUID can't be told", source.label))
    if looked_at < len(sources):
        raise CommandError(
            f"Stopped after {looked_at:,} of {len(sources):,} files: nothing is said of any.", ExitCode.PARTLY_DONE
        )
    result.found.sort()
    return expected


def _look(landing: storage.Bucket, source: Source, held: Stored | None) -> _Seen:
    """How one source stands beside what the bucket holds under its name."""
    problem = source.problem()
    if problem:
        return _Seen("", f"unsound at its source ({problem})")
    uid = source.instance_uid() or ""
    if held is None:
        return _Seen(uid, "missing in the bucket")
    if not uid:
        uid = instance_uid_in(landing, source.object_name) or ""
    if source.fixed_version and held.mark == source.fixed_version:
        return _Seen(uid)
    try:
        same = (held.size, held.crc32c) == size_and_crc32c(source.content())
    except SourceError as error:
        return _Seen(uid, f"unsound at its source ({error})")
    return _Seen(uid, "" if same else "other bytes in the bucket")


def _compare_store(
    target: Connection, result: Differences, expected: dict[str, Source], manifest: Manifest
) -> set[str]:
    """Note what the store lacks; gives the SOPInstanceUIDs of what is there."""
    if not expected:
        return set()
    missing = dict(expected)
    for uid in _instances(target, expected):
        missing.pop(uid, None)
    result.in_store = len(expected) - len(missing)
    for source in sorted(missing.values(), key=lambda each: each.label):
        entry = manifest.get(source.object_name)
        reason = f" ({entry.reason})" if entry and entry.reason else ""
        result.found.append((f"missing in the store{reason}", source.label))
    return expected.keys() - missing.keys()


def _instances(target: Connection, expected: dict[str, Source]) -> Iterator[str]:
    """The SOPInstanceUIDs of the store, or of those that are expected where these are few."""
    web = DicomWeb(target)
    if len(expected) <= _ASKED_ONE_BY_ONE:
        for uid in expected:
            yield from (value(each, _INSTANCE_UID) for each in web.search("/instances", [("SOPInstanceUID", uid)], 1))
        return
    for instance in web.search("/instances", [], None, page=_PAGE):
        yield value(instance, _INSTANCE_UID)


def compare_table(target: Connection, name: str) -> Comparison:
    """Compare the instances of the DICOM store with the rows of a table that `export --to table` makes.

    `name` is PROJECT.DATASET.TABLE. Of the table that the store streams into, which keeps what was deleted, only what
    is missing is told. Raises CommandError where there is no such table.
    """
    table = find_table(target, name)
    if table is None:
        raise CommandError(f"There is no table {name}: run `python -m scripts export --to table` first.")
    rows = {uid for (uid,) in columns_of(target, table, ("SOPInstanceUID",))}
    held = {value(each, _INSTANCE_UID) for each in DicomWeb(target).search("/instances", [], None, page=_PAGE)}
    result = Comparison(len(held))
    result.add(f"missing in table {table.table_id}", held - rows)
    if target.outputs.dicom_stream_table != f"bq://{name}":
        result.add(f"only in table {table.table_id}", rows - held)
    return result


def _compare_metadata(
    target: Connection, result: Differences, expected: dict[str, Source], stored: Mapping[str, Stored | None]
) -> None:
    """Compare with the table that `export --to table` makes; its rows are as old as the last export.

    What the store got after that is one difference, of the table; `stored` has the objects of what the store holds.
    """
    table = find_table(target, METADATA_TABLE)
    if table is None or not expected:
        return
    rows = columns_of(target, table, ("SOPInstanceUID",))
    present = expected.keys() & {uid for (uid,) in rows}
    result.in_tables[METADATA_TABLE] = len(present)
    missing = expected.keys() - present
    newer = {uid for uid in missing if (held := stored.get(uid)) and table.modified and held.created > table.modified}
    if newer and table.modified:
        age = (
            f"it is of {table.modified:%Y-%m-%d %H:%M} UTC and lacks {count(len(newer), 'file')} that came later;"
            " `python -m scripts export --to table --write-disposition truncate` makes it anew"
        )
        result.found.append((f"table {METADATA_TABLE} is older than the load", age))
    result.add(f"missing in table {METADATA_TABLE}", (expected[uid].label for uid in missing - newer))
