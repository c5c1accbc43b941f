"""The step of a nightly run for HL7v2 stores. It gives what it counted, in messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scripts.connection import connect_to
from scripts.exports import messages, running
from scripts.nightly.counts import Counts, place
from scripts.nightly.parameters import Destination
from scripts.waiting import require_success

if TYPE_CHECKING:
    from scripts.nightly.parameters import Parameters


def export(parameters: Parameters) -> Counts:
    """Export HL7v2 stores to the bucket: the messages that came since the last time."""
    counts, outputs = {"failed": 0}, parameters.outputs
    if not (parameters.all_kinds and Destination.BUCKET in parameters.exports):
        return counts
    with connect_to(outputs) as target:
        for store_id, store in outputs.hl7v2_stores.items():
            asked = messages.to_bucket(store, place(outputs.export_bucket, "hl7v2", store_id))
            ran = running.run(target, asked, with_manifest=True, since_last=True)
            if ran is not None:
                require_success(target, ran.done.state)
                counts["bucket"] = counts.get("bucket", 0) + ran.done.state.success
                counts["failed"] += ran.done.state.failure
    return counts
