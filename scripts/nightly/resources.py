"""The steps of a nightly run for FHIR stores. Each gives what it counted, in resources."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.connection import connect_to
from scripts.console import progress
from scripts.deidentify.recipes import DEFAULT, named, read_key, with_key
from scripts.deidentify.stores import deidentify_changed
from scripts.errors import UsageError
from scripts.exports import resources, running
from scripts.fhir import loading
from scripts.fhir.documents import find_documents
from scripts.fhir.service import FhirStore
from scripts.fhir.verifying import compare, compare_tables
from scripts.nightly.counts import Counts, place
from scripts.nightly.parameters import Destination
from scripts.waiting import require_success

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.outputs import FhirStoreOutputs
    from scripts.comparison import Comparison
    from scripts.connection import Connection
    from scripts.exports.export import Export
    from scripts.nightly.parameters import Parameters


def load(parameters: Parameters) -> Counts:
    """Bring what is new at the source of resources into the FHIR store."""
    if not parameters.resources:
        return {"failed": 0}
    with connect_to(parameters.outputs) as target, progress("Loading") as bar:
        chosen = _chosen(parameters)
        loading.require_own_ids(target, chosen)
        documents = find_documents([parameters.resources], lambda: target.storage)
        report = loading.load(FhirStore(target, chosen), documents, bar)
        if report.stopped:
            raise report.stopped
        return {"loaded": report.stored, "already": report.already, "failed": len(report.refused)}


def deidentify(parameters: Parameters) -> Counts:
    """De-identify the FHIR stores that have a twin and changed since they were de-identified last."""
    counts: Counter[str] = Counter(failed=0)
    research = parameters.outputs.research
    if not (parameters.key and research and parameters.all_kinds):
        return dict(counts)
    config = with_key(named(parameters.recipe or DEFAULT).config, read_key(Path(parameters.key)))
    with connect_to(parameters.outputs) as target:
        for store in research.fhir_stores:
            if done := deidentify_changed(target, config, store):
                counts["deidentified"] += done.state.success
                counts["failed"] += done.state.failure
    return dict(counts)


def export(parameters: Parameters) -> Counts:
    """Export FHIR stores to tables, made anew, and to the bucket what changed since the last time."""
    counts: Counter[str] = Counter(failed=0)
    with connect_to(parameters.outputs) as target:
        for wanted, asked in _exports(parameters):
            to_bucket = wanted is Destination.BUCKET
            ran = running.run(target, asked, with_manifest=to_bucket, since_last=to_bucket)
            if ran is not None:
                require_success(target, ran.done.state)
                counts[wanted.value] += ran.done.state.success
                counts["failed"] += ran.done.state.failure
    return dict(counts)


def compare_all(target: Connection, parameters: Parameters) -> Counter[str]:
    """Compare the source of resources with the store that they were loaded into, and tables with their stores."""
    found: Counter[str] = Counter()
    with progress("Comparing") as bar:
        if parameters.resources:
            documents = find_documents([parameters.resources], lambda: target.storage)
            found += _counted(compare(target, _chosen(parameters), documents, bar, whole=False))
        for wanted, asked in _exports(parameters):
            if wanted is Destination.TABLE:
                chosen = next(each for each in parameters.outputs.fhir_stores.values() if each.name == asked.store)
                found += _counted(compare_tables(target, chosen, asked.to.removeprefix("bq://"), bar))
    return found


def _counted(found: Comparison) -> Counter[str]:
    return Counter(compared=found.compared, failed=len(found.found))


def _exports(parameters: Parameters) -> Iterator[tuple[Destination, Export]]:
    """What is exported, and where to; a store that streams into its tables needs none into them."""
    outputs = parameters.outputs
    for store_id, store in outputs.fhir_stores.items() if parameters.all_kinds else ():
        if Destination.TABLE in parameters.exports and not store.streams:
            dataset = f"{outputs.project}.{store.bigquery_dataset}"
            yield Destination.TABLE, resources.to_tables(store, dataset, "WRITE_TRUNCATE")
        if Destination.BUCKET in parameters.exports:
            yield Destination.BUCKET, resources.to_bucket(store, place(outputs.export_bucket, "fhir", store_id))


def _chosen(parameters: Parameters) -> FhirStoreOutputs:
    """The store that resources are loaded into. Raises UsageError where it is not there, or not said which of many."""
    stores = parameters.outputs.fhir_stores
    wanted = parameters.fhir_store or (next(iter(stores)) if len(stores) == 1 else "")
    if wanted not in stores:
        named_ones = ", ".join(stores) or "none"
        raise UsageError(
            f"Resources are loaded into one FHIR store, and stack {parameters.outputs.stack} has {named_ones}: name one"
            " with `nightly parameters --fhir-store`."
        )
    return stores[wanted]
