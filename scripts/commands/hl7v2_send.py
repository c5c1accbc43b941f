"""`hl7v2 send`: bring messages into an HL7v2 store, or to whoever listens for MLLP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scripts.commands.hl7v2_options import Hl7v2StoreOption, hl7v2_store
from scripts.commands.options import JsonOption, OutputsOption, StackOption
from scripts.connection import connect
from scripts.console import count, note, print_json, progress, remark
from scripts.errors import CommandError, ExitCode, UsageError, explain

if TYPE_CHECKING:
    from scripts.connection import Connection
    from scripts.hl7v2.sending import Report

_SHOWN = 50


def send(
    source: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE",
            help="Files (*.hl7, *.txt, *.msg, *.er7, *.dat; exports as *.ndjson; also with .gz), folders, wildcards,"
            " or gs://BUCKET/PATTERN.",
        ),
    ],
    *,
    mllp: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Send over MLLP to whoever listens there, not to the store.")
    ] = "",
    mllp_tls_ca: Annotated[
        Path | None, typer.Option("--mllp-tls-ca", help="With --mllp: speak TLS, and trust this authority (PEM).")
    ] = None,
    hl7v2_store_name: Hl7v2StoreOption = None,
    stack: StackOption = None,
    outputs: OutputsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send messages, one or many a file; each is acknowledged before it counts.

    Lines may end in any way, batches and MLLP's frames are taken apart. What is refused is named, and the rest is sent
    (exit code 3). A message that the store has is acknowledged and kept once, so that the command can be run again,
    unless the store's rejectDuplicateMessage refuses it.
    """
    from scripts.documents import find_documents
    from scripts.hl7v2.documents import SORT
    from scripts.hl7v2.sending import send_all

    if mllp_tls_ca is not None and not mllp:
        raise UsageError("--mllp-tls-ca is for --mllp.")
    with connect(stack, outputs, must_run=not mllp) as target:
        documents = find_documents(source, SORT, lambda: target.storage)
        with _sender(target, mllp, mllp_tls_ca, hl7v2_store_name) as sender, progress("Sending") as bar:
            report = send_all(sender, documents, bar)
        if as_json:
            print_json(report.to_json())
        _show(report)
        if report.stopped:
            explained = explain(report.stopped, target.surroundings)
            raise CommandError(str(explained), ExitCode.PARTLY_DONE if report.accepted else explained.exit_code)
    raise typer.Exit(report.exit_code)


@contextmanager
def _sender(
    target: Connection, mllp: str, authority: Path | None, store: str | None
) -> Iterator[Callable[[bytes], None]]:
    """What sends a message: to the store, or over MLLP."""
    if not mllp:
        from scripts.hl7v2.service import Hl7v2Store

        yield Hl7v2Store(target, hl7v2_store(target, store)).ingest
        return
    import ssl

    from emulator.mllp.sending import Partner

    try:
        tls = ssl.create_default_context(cafile=str(authority)) if authority else None
    except (OSError, ssl.SSLError):
        raise UsageError(f"--mllp-tls-ca {authority} is no file of certificates in PEM.") from None
    try:
        partner = Partner.at(mllp, tls)
    except ValueError:
        raise UsageError(f"--mllp {mllp} is no HOST:PORT.") from None
    yield partner.send


def _show(report: Report) -> None:
    for label, reason in report.refused[:_SHOWN]:
        remark(f"refused: {label}: {reason}")
    if len(report.refused) > _SHOWN:
        remark(f"{len(report.refused) - _SHOWN:,} more refused: --json names all.")
    refused = f"; {len(report.refused):,} refused" if report.refused else ""
    note(f"{count(report.accepted, 'message')} acknowledged{refused}")
    if report.interrupted:
        remark("Stopped: run the same command again to go on.")
