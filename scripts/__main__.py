"""The commands, in the order in which one meets them: `python -m scripts --help`."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from emulator.version import VERSION
from engine.layout import COMMAND
from scripts.commands import (
    access,
    cohort,
    consent,
    deidentify,
    delete,
    deliveries,
    export,
    fhir,
    hl7v2,
    import_,
    leaks,
    load,
    nightly,
    operations,
    pipeline,
    policy,
    preflight,
    query,
    rehearse,
    retrieve,
    search,
    status,
    store,
    tags,
    verify,
    view,
    watch,
)
from scripts.commands.registering import register
from scripts.console import be_quiet, end_unread, say
from scripts.errors import CommandError, explain, report
from scripts.parallel import threads_left

_PROGRAM = Path(sys.argv[0]).name
"""Run as `python -m scripts`, it is this module's file."""


def _say_version(wanted: bool) -> None:
    if wanted:
        say(f"Healthcare Cloud POC {VERSION}")
        raise typer.Exit


app = typer.Typer(
    name="scripts",
    help="Work with a medical imaging environment on Google Cloud, or on its emulator.\n\n"
    "Exit codes: 0 done, 1 failed, 2 wrong use, 3 partly done, 130 stopped with Ctrl-C.",
    no_args_is_help=True,
    rich_markup_mode=None,  # plain help: importing rich would double the time to the first line
    pretty_exceptions_enable=False,
    add_completion=_PROGRAM == COMMAND,  # a shell completes after the name of a program, not after python -m
    context_settings={"help_option_names": ["--help", "-h"]},
)


@app.callback()
def _options(
    *,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, help="Print the version and end.", callback=_say_version)
    ] = False,
) -> None:
    """Take the options of the program itself."""


register(app, "preflight", preflight.preflight)
register(app, "policy", policy.policy)
register(app, "status", status.status)
register(app, "deliveries", deliveries.deliveries)
register(app, "load", load.load)
register(app, "import", import_.import_)
register(app, "pipeline", pipeline.pipeline)
register(app, "verify", verify.verify)
register(app, "rehearse", rehearse.rehearse)
register(app, "search", search.search)
register(app, "retrieve", retrieve.retrieve)
register(app, "store", store.store)
register(app, "delete", delete.delete)
register(app, "export", export.export)
register(app, "cohort", cohort.cohort)
register(app, "view", view.view)
register(app, "query", query.query)
register(app, "watch", watch.watch)
register(app, "leaks", leaks.leaks)
register(app, "tags", tags.tags)
app.add_typer(access.app, name="access")
app.add_typer(operations.app, name="operations")
app.add_typer(fhir.app, name="fhir")
app.add_typer(consent.app, name="consent")
app.add_typer(deidentify.app, name="deidentify")
app.add_typer(hl7v2.app, name="hl7v2")
app.add_typer(nightly.app, name="nightly")


def main() -> None:
    """Run the command of the command line; what goes wrong becomes one sentence and an exit code."""
    threads_left.clear()
    be_quiet(wanted=False)
    try:
        app(prog_name=COMMAND if _PROGRAM == COMMAND else "python -m scripts")
    except SystemExit as end:
        _end_now_if_threads_are_left(end)
        _flush()
        raise
    except CommandError as error:
        _leave(error, error)
    except Exception as error:  # noqa: BLE001 - the last line of defence: no traceback reaches a user
        _leave(error, explain(error))


def _end_now_if_threads_are_left(end: SystemExit) -> None:
    """End without waiting for threads, where a second Ctrl-C has left some to themselves."""
    if threads_left.is_set():
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(end.code if isinstance(end.code, int) else 1)


def _flush() -> None:
    """Write what is buffered while a reader that has gone can still be told from a failure."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        end_unread()


def _leave(error: Exception, explained: CommandError) -> None:
    if os.environ.get("SCRIPTS_TRACEBACK"):
        raise error
    report(explained)
    sys.exit(explained.exit_code)


if __name__ == "__main__":
    gc.freeze()  # what is imported stays: neither a collection nor the end of the process need look at it
    main()
