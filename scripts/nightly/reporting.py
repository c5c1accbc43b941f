"""The report of a nightly run, in the export bucket: what each step counted."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from scripts.connection import connect_to
from scripts.console import note
from scripts.errors import CommandError, ExitCode, UsageError
from scripts.nightly.steps import STEPS

if TYPE_CHECKING:
    from scripts.nightly.counts import Counts
    from scripts.nightly.parameters import Parameters

FOLDER = ".nightly"
"""The folder of the export bucket for reports."""


def report(parameters: Parameters, run: str, found: Mapping[str, Counts | None]) -> str:
    """Write what came of a run; gives the report's URI.

    `run` is its name, as the date that it is of: another report of that name is replaced. `found` has what each step
    gave, None for one that did not end. Raises CommandError, when the report is written, where something failed.
    """
    steps = {step: found.get(step) for step in STEPS}
    name = f"{FOLDER}/{_plain(run)}.json"
    with connect_to(parameters.outputs) as target:
        body = {"run": run, "stack": target.outputs.stack, "well": not _problems(steps), "steps": steps}
        blob = target.storage.bucket(target.outputs.export_bucket).blob(name)
        blob.upload_from_string(json.dumps(body, indent=2) + "\n", content_type="application/json")
    uri = f"gs://{parameters.outputs.export_bucket}/{name}"
    for step, counts in steps.items():
        note(f"{step}: {_told(counts)}")
    if problems := _problems(steps):
        raise CommandError(f"Run {run} went not well: {'; '.join(problems)}. {uri} has all of it.", _code(steps))
    return uri


def _plain(run: str) -> str:
    """The name of a run as that of an object. Raises UsageError for one without a letter or digit."""
    plain = re.sub(r"[^\w.+-]+", "-", run).strip("-.")
    if not plain:
        raise UsageError(f"{run!r} is no name of a run: give one with letters or digits.")
    return plain


def _told(counts: Counts | None) -> str:
    if counts is None:
        return "did not end"
    said = {name: number for name, number in counts.items() if number}
    return ", ".join(f"{number:,} {name}" for name, number in said.items()) or "nothing to do"


def _problems(steps: Mapping[str, Counts | None]) -> list[str]:
    """A few words for each step that did not end, or in which something failed."""
    ended = [f"{counts['failed']:,} failed in {step}" for step, counts in steps.items() if counts and counts["failed"]]
    return [f"{step} did not end" for step, counts in steps.items() if counts is None] + ended


def _code(steps: Mapping[str, Counts | None]) -> ExitCode:
    return ExitCode.FAILED if None in steps.values() else ExitCode.PARTLY_DONE
