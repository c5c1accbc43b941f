"""The labels of what was loaded: into BigQuery, and compared with what is there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from scripts.chestxrays.films import uids_of
from scripts.chestxrays.label_columns import TABLE
from scripts.chestxrays.label_table import load_labels
from scripts.chestxrays.public import PublicFilm
from scripts.chestxrays.records import FilmRecord
from scripts.chestxrays.uids import FilmUids, instance_uid, is_nih
from scripts.connection import Connection
from scripts.console import count, note, progress
from scripts.errors import CommandError, ExitCode
from scripts.loading.chosen import Chosen
from scripts.loading.heads import uids_in
from scripts.loading.running import Load
from scripts.loading.verifying import Differences
from scripts.parallel import run_parallel
from scripts.tables import columns


def load_labels_of(target: Connection, chosen: Chosen, done: Load) -> None:
    """Bring the labels of all films that were asked for into the label table.

    A film without an image, or whose image could not be loaded, has no UIDs there, but for those of an earlier load.
    Nothing happens where no list says anything of the files.
    """
    number = sum(1 for _ in chosen.records()) + len(chosen.imageless)
    if not number:
        return
    failed = {label for label, _ in done.report.failed}
    with progress(f"Loading labels into {TABLE}", number) as bar:
        films = _films(target, chosen, failed)
        loaded = load_labels(target, films, on_progress=lambda so_far: bar.update(so_far, number))
    done.labels = loaded.read
    what = f"{count(loaded.read, 'label')} in table {TABLE}: {loaded.added:,} new, {loaded.replaced:,} replaced"
    if own := _own_sets(chosen):
        what += f"; patients' ids, ages and sexes of {own} are in BigQuery now"
    note(what)


def _own_sets(chosen: Chosen) -> str:
    """The names of sets that are not NIH's, whose patients are nobody else's business."""
    records = [*(record for _, record in chosen.records()), *chosen.imageless]
    return ", ".join(sorted({record.version for record in records if not is_nih(record)}))


def compare_labels(target: Connection, chosen: Chosen, found: Differences) -> None:
    """Add to `found` which films have no row in the label table, or not one of their SOPInstanceUID."""
    rows = columns(target, TABLE, ("image_index", "label_version", "sop_instance_uid"))
    records = [record for _, record in chosen.records()] + list(chosen.imageless)
    if rows is None or not records:
        return
    held = {(index, version): uid for index, version, uid in rows}
    missing = {record.index for record in records if (record.index, record.version) not in held}
    other = {
        source.label
        for source, record in chosen.records()
        if record.index not in missing
        and source.label in found.uids
        and held[record.index, record.version] != found.uids[source.label]
    }
    found.in_tables[TABLE] = len(records) - len(missing)
    found.add(f"missing in table {TABLE}", missing)
    found.add(f"no or another SOPInstanceUID in table {TABLE}", other)


def _films(target: Connection, chosen: Chosen, failed: set[str]) -> Iterator[tuple[FilmRecord, FilmUids | None]]:
    """Each film with its UIDs; None also leaves those that its row has. Raises CommandError when Ctrl-C ends that."""
    bucket = target.storage.bucket(target.outputs.landing_bucket)
    copied: list[tuple[PublicFilm, FilmRecord]] = []
    for source, record in chosen.records():
        if source.label in failed:
            yield record, None
        elif isinstance(source, PublicFilm) and source.instance_uid() is None:
            copied.append((source, record))
        else:
            yield record, uids_of(record)
    for record in chosen.imageless:
        yield record, None
    known = _with_googles_uids(target, [record for _, record in copied])
    yield from ((record, None) for record in known)
    copied = [(film, record) for film, record in copied if record not in known]
    looked_at = 0
    for (_, record), uids in run_parallel(lambda film: uids_in(bucket, film[0].object_name), copied):
        looked_at += 1
        yield record, FilmUids(*uids) if uids else None
    if looked_at < len(copied):
        raise CommandError("The labels were not loaded: run the same command again.", ExitCode.PARTLY_DONE)


def _with_googles_uids(target: Connection, records: Iterable[FilmRecord]) -> set[FilmRecord]:
    """Those of the films whose rows have the UIDs of Google's DICOM files: any but ours.

    Google's files stay as they are, so that nobody need read the heads of 112,120 of them after each load.
    """
    wanted = {(record.index, record.version): record for record in records}
    rows = columns(target, TABLE, ("image_index", "label_version", "sop_instance_uid")) if wanted else None
    return {
        wanted[index, version]
        for index, version, uid in rows or ()
        if uid and (index, version) in wanted and uid != instance_uid(wanted[index, version])
    }
