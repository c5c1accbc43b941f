"""An export from its beginning to its end: since the last one, with a manifest, as it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scripts.exports import export as exports
from scripts.exports import increments, manifest

if TYPE_CHECKING:
    from scripts.connection import Connection
    from scripts.exports.export import Export, Exported


@dataclass(frozen=True)
class Ran:
    """An export that has ended: what was asked in the end, what came of it, and the manifest's URI, "" for none."""

    export: Export
    done: Exported
    manifest: str = ""


def run(target: Connection, export: Export, *, with_manifest: bool = False, since_last: bool = False) -> Ran | None:
    """Export and wait for the end, which may be a failure; None where nothing is new since the last one.

    What it wrote is listed in a manifest, and noted for the next one, unless it failed as a whole. Raises UsageError
    for a place that has no manifests, or no exports since the last one.
    """
    if with_manifest:
        manifest.require_bucket(export.to)
    increment = increments.since_last(target, export) if since_last else None
    if since_last and increment is None:
        return None
    export = increment.export if increment else export
    done = exports.finish(target, export, exports.begin(target, export))
    if done.state.error_code:
        return Ran(export, done)
    written = manifest.write(target, export, done) if with_manifest else ""
    if increment:
        increment.note(done)
    return Ran(export, done, written)
