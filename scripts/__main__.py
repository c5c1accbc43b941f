"""The commands, in the order in which one meets them: `python -m scripts --help`."""

from __future__ import annotations

import os
import sys

import typer

from scripts.commands import (
    delete,
    export,
    import_,
    load,
    operations,
    pipeline,
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
from scripts.console import end_unread
from scripts.errors import CommandError, explain, report
from scripts.parallel import threads_left

app = typer.Typer(
    name="scripts",
    help="Work with a medical imaging environment on Google Cloud, or on its emulator.\n\n"
    "Exit codes: 0 done, 1 failed, 2 wrong use, 3 partly done, 130 stopped with Ctrl-C.",
    no_args_is_help=True,
    rich_markup_mode=None,  # plain help: importing rich would double the time to the first line
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("status")(status.status)
app.command("load")(load.load)
app.command("import")(import_.import_)
app.command("pipeline")(pipeline.pipeline)
app.command("verify")(verify.verify)
app.command("rehearse")(rehearse.rehearse)
app.command("search")(search.search)
app.command("retrieve")(retrieve.retrieve)
app.command("store")(store.store)
app.command("delete")(delete.delete)
app.command("export")(export.export)
app.command("view")(view.view)
app.command("query")(query.query)
app.command("watch")(watch.watch)
app.command("tags")(tags.tags)
app.add_typer(operations.app, name="operations")


def main() -> None:
    """Run the command of the command line; what goes wrong becomes one sentence and an exit code."""
    threads_left.clear()
    try:
        app(prog_name="python -m scripts")
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
    main()
