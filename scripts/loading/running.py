"""One load from beginning to end: upload, import, and what there is to tell of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from scripts.connection import Connection
from scripts.console import amount, count, note, progress, remark, tally
from scripts.errors import ExitCode
from scripts.importing import Imported
from scripts.loading.batches import BatchImports, wildcard
from scripts.loading.manifest import Manifest, top_folder
from scripts.loading.sources import Source
from scripts.loading.uploading import Carry, Report, upload


@dataclass
class Load:
    """What came of a load."""

    report: Report
    uris: list[str]
    """The wildcards under which an import finds what was loaded."""
    imports: list[Imported] = field(default_factory=list)
    imported_before: int = 0
    """Files that an earlier run has imported."""
    left_out: int = 0
    """Lines of the set's lists, and files, that were left out before anything was loaded, and should not be."""
    labels: int = 0
    """Rows written to the label table."""

    @property
    def exit_code(self) -> ExitCode:
        """0 when every file is where it should be, 3 when some are, 1 when none is."""
        report = self.report
        missing = self.left_out + len(report.failed) + report.left + sum(each.state.failure for each in self.imports)
        cancelled = any(each.state.error_code for each in self.imports)
        if not missing and not cancelled and not report.stopped:
            return ExitCode.DONE
        there = report.loaded + report.skipped
        if self.imports:
            there = self.imported_before + sum(each.state.success for each in self.imports)
        return ExitCode.PARTLY_DONE if there else ExitCode.FAILED

    def to_json(self) -> dict[str, Any]:
        """The counts, the failed files with their reasons, and the imports."""
        report = self.report
        shown: dict[str, Any] = {
            "loaded": report.loaded,
            "skipped": report.skipped,
            "failed": [{"file": label, "reason": reason} for label, reason in report.failed],
            "left": report.left,
            "bytes": report.bytes_sent,
            "uris": self.uris,
        }
        if self.imports:
            shown["imports"] = [each.to_json() for each in self.imports]
        if self.labels:
            shown["labels"] = self.labels
        if self.imported_before:
            shown["imported_before"] = self.imported_before
        return shown

    def show(self) -> None:
        """Say it to the person."""
        report = self.report
        for label, reason in report.failed:
            remark(f"failed: {label}: {reason}.")
        done = f"{count(report.loaded, 'file')} loaded"
        if report.bytes_sent:
            done += f" ({amount(report.bytes_sent)})"
        said = tally(done, already=report.skipped, failed=len(report.failed), left=report.left)
        stopped = "; stopped: run the same command again to go on" if report.stopped and not report.left else ""
        note(said + stopped)


def run_load(target: Connection, sources: Sequence[Source], *, then_import: bool, carry: Carry | None = None) -> Load:
    """Bring `sources` into the landing bucket, and with `then_import` from there into the store, batch by batch.

    `carry` is what brings them to the bucket; without it, this process does.
    Shows progress and says what was loaded. Raises CommandError when an import fails as a whole or is left running.
    """
    bucket = target.outputs.landing_bucket
    batches = sorted({source.batch for source in sources})
    folders = {top_folder(source.object_name) for source in sources}
    manifest = Manifest(target.storage.bucket(bucket), folders, join=True)
    imports = BatchImports(target, bucket, sources, manifest) if then_import else None
    with progress(f"Loading into gs://{bucket}", len(sources)) as bar:
        report = upload(target, bucket, sources, bar, manifest, imports, carry)
    load = Load(report, [wildcard(bucket, batch) for batch in batches])
    load.show()
    if imports:
        load.imports = imports.ended
        try:
            if not report.stopped and not report.left:
                imports.finish()
            elif left := imports.leave():
                remark(f"The import {left.rsplit('/', 1)[-1]} goes on; the next run looks after it.")
        except BaseException:
            manifest.write_last()
            raise
        manifest.write()
        load.imported_before = imports.already
    return load
