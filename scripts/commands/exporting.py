"""What the commands that export have in common: options, and an export that is carried out and told of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from scripts.console import count, note, print_json, say
from scripts.errors import ExitCode, UsageError
from scripts.exports import export as exports
from scripts.exports import running
from scripts.waiting import exit_code, require_success, show_failures

if TYPE_CHECKING:
    from scripts.connection import Connection
    from scripts.exports.export import Export

NoWaitOption = Annotated[bool, typer.Option("--no-wait", help="Start the export and print its name.")]
ManifestOption = Annotated[
    bool,
    typer.Option(
        "--manifest", help="In a bucket: write which objects hold what, with CRC32Cs, for `verify --export` to compare."
    ),
]
SinceLastOption = Annotated[
    bool,
    typer.Option("--since-last", help="In a bucket: only what is new since the last such export there."),
]


def carry_out(
    target: Connection,
    export: Export,
    *,
    no_wait: bool = False,
    with_manifest: bool = False,
    since_last: bool = False,
    as_json: bool = False,
) -> ExitCode:
    """Export, wait for the end and tell of it; the exit code. Raises UsageError for options that do not go together."""
    if no_wait and (with_manifest or since_last):
        raise UsageError("--no-wait does not see the end, which --manifest and --since-last need.")
    if no_wait:
        name = exports.begin(target, export)
        print_json({"name": name, "to": export.to}) if as_json else say(name)
        return ExitCode.DONE
    ran = running.run(target, export, with_manifest=with_manifest, since_last=since_last)
    if ran is None:
        print_json({"to": export.to, "success": 0, "failed": []}) if as_json else None
        note("Nothing is new since the last export.")
        return ExitCode.DONE
    _tell(target, ran.export, ran.done, ran.manifest, as_json=as_json)
    return exit_code(ran.done.state)


def _tell(target: Connection, export: Export, done: exports.Exported, written: str, *, as_json: bool) -> None:
    """Say what came of an export. Raises CommandError where it failed as a whole or was cancelled."""
    if as_json:
        failed = [{"file": each.source, "reason": each.reason} for each in done.failures]
        more = {"manifest": written} if written else {}
        print_json({**done.state.to_json(), "to": export.to, "failed": failed, **more})
    show_failures(done.state, done.failures)
    require_success(target, done.state)
    left = f"; {done.state.failure:,} failed" if done.state.failure else ""
    note(f"{count(done.state.success, export.kind.noun)} exported to {export.to}{left}")
    if written:
        note(f"Manifest: {written}")
