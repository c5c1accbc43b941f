"""The steps of a nightly run, and those for the DICOM store. Each gives counts, without the name of file or patient."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.chestxrays.films import Converter
from scripts.chestxrays.labelling import compare_labels, load_labels_of
from scripts.chestxrays.selection import Selection
from scripts.connection import connect_to
from scripts.console import progress
from scripts.deidentify.recipes import DEFAULT, named, read_key, with_key
from scripts.deidentify.stores import deidentify_new
from scripts.exports import manifest, running
from scripts.exports.export import DICOM, Export
from scripts.exports.metadata import metadata_uri, refresh_views, to_table
from scripts.loading.choosing import choose, syntax_of
from scripts.loading.landed import import_landed
from scripts.loading.running import Load, run_load
from scripts.loading.uploading import Report, listing
from scripts.loading.verifying import compare, compare_table
from scripts.loading.wish import SourceKind, Wish
from scripts.nightly import messages, resources
from scripts.nightly.counts import Counts, place
from scripts.nightly.parameters import Destination
from scripts.waiting import require_success

if TYPE_CHECKING:
    from scripts.connection import Connection
    from scripts.loading.chosen import Chosen
    from scripts.nightly.parameters import Parameters


def load(parameters: Parameters) -> Counts:
    """Bring what is new at the source into the landing bucket."""
    with _chosen(parameters) as (target, chosen):
        if chosen is None:
            return {"failed": 0}
        report = run_load(target, chosen.sources, then_import=False).report
        failed = len(report.failed) + len(chosen.problems) + report.left
        return {"loaded": report.loaded, "already": report.skipped, "failed": failed}


def import_(parameters: Parameters) -> Counts:
    """Import what is new in the landing bucket into the DICOM store."""
    with connect_to(parameters.outputs) as target:
        done = import_landed(target)
        if done is None:
            return {"failed": 0}
        for each in done.imports:
            require_success(target, each.state)
        states = [each.state for each in done.imports]
        return {
            "imported": sum(state.success for state in states),
            "already": done.imported_before,
            "failed": len(done.report.failed) + sum(state.failure for state in states),
        }


def label(parameters: Parameters) -> Counts:
    """Bring what the source's list says of its films into the label table."""
    with _chosen(parameters) as (target, chosen):
        if chosen is None:
            return {"failed": 0}
        held = listing(target, target.outputs.landing_bucket, chosen.sources)
        missing = [(each.label, "not loaded") for each in chosen.sources if each.object_name not in held]
        done = Load(Report(failed=missing), [])
        load_labels_of(target, chosen, done)
        return {"labels": done.labels, "failed": 0}


def deidentify(parameters: Parameters) -> Counts:
    """De-identify the studies that have no twin yet."""
    if not parameters.key:
        return {"failed": 0}
    config = with_key(named(parameters.recipe or DEFAULT).config, read_key(Path(parameters.key)))
    with connect_to(parameters.outputs) as target:
        states = [done.state for done in deidentify_new(target, config)]
        return {
            "deidentified": sum(state.success for state in states),
            "failed": sum(state.failure for state in states),
        }


def export(parameters: Parameters) -> Counts:
    """Export metadata to the table, made anew, and to the bucket the studies that are new since the last time."""
    counts: Counter[str] = Counter(failed=0)
    with connect_to(parameters.outputs) as target:
        for wanted in parameters.exports:
            ran = running.run(target, _export(target, wanted), **_with(wanted))
            if ran is not None:
                require_success(target, ran.done.state)
                counts[wanted.value] += ran.done.state.success
                counts["failed"] += ran.done.state.failure
        if Destination.TABLE in parameters.exports:
            refresh_views(target)
    return dict(counts)


def verify(parameters: Parameters) -> Counts:
    """Compare the sources with bucket, stores and tables, and what was exported with its manifests and the stores."""
    with _chosen(parameters) as (target, chosen):
        found = resources.compare_all(target, parameters)
        if chosen is not None:
            found += _compare_source(target, chosen)
        for wanted in parameters.exports:
            found += _compare_export(target, wanted)
    return {"compared": found["compared"], "failed": found["failed"]}


STEPS: Mapping[str, Callable[[Parameters], Counts]] = {
    "load": load,
    "import": import_,
    "label": label,
    "deidentify": deidentify,
    "export": export,
    "load-fhir": resources.load,
    "deidentify-fhir": resources.deidentify,
    "export-fhir": resources.export,
    "export-hl7v2": messages.export,
    "verify": verify,
}
"""The steps by name, in their order; a report follows them."""


@contextmanager
def _chosen(parameters: Parameters) -> Iterator[tuple[Connection, Chosen | None]]:
    """The connection, and the files of the source; None for parameters without one."""
    labels = parameters.labels or None
    wish = Wish(SourceKind.FOLDER, Path(parameters.source), Selection(), labels=labels)
    with connect_to(parameters.outputs) as target, Converter(syntax_of(wish)) as converter:
        yield target, choose(target, wish, converter) if parameters.source else None


def _export(target: Connection, wanted: Destination) -> Export:
    store = target.outputs.dicom_store_name
    if wanted is Destination.TABLE:
        return to_table(store, metadata_uri(target.outputs), "WRITE_TRUNCATE")
    return Export(DICOM, store, _bucket(target), {"gcsDestination": {"uriPrefix": _bucket(target)}})


def _with(wanted: Destination) -> dict[str, bool]:
    """How an export is run: one to the bucket brings what is new, and lists it."""
    return dict.fromkeys(("with_manifest", "since_last"), wanted is Destination.BUCKET)


def _bucket(target: Connection) -> str:
    return place(target.outputs.export_bucket)


def _compare_source(target: Connection, chosen: Chosen) -> Counter[str]:
    with progress("Comparing", len(chosen.sources)) as bar:
        found = compare(target, chosen.sources, bar, whole=False)
    compare_labels(target, chosen, found)
    return Counter(compared=found.compared, failed=len(found.found))


def _compare_export(target: Connection, wanted: Destination) -> Counter[str]:
    if wanted is Destination.TABLE:
        found = compare_table(target, metadata_uri(target.outputs).removeprefix("bq://"))
    elif not manifest.is_there(target, _bucket(target)):
        return Counter()  # nothing has ever been exported
    else:
        found = manifest.compare(target, _bucket(target))
    return Counter(compared=found.compared, failed=len(found.found))
