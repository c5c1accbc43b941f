"""`operations`: the imports, exports and deletions that run or ran."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from scripts.commands.options import JsonOption, OutputsOption, StackOption
from scripts.commands.registering import register
from scripts.connection import connect
from scripts.console import note, print_json, print_table, remark
from scripts.errors import ExitCode
from scripts.waiting import FailedFile, OperationState, all_states, failed_files, get_state, show_failures

if TYPE_CHECKING:
    from scripts.connection import Connection
app = typer.Typer(
    help="List, look at or cancel long-running operations.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)

OperationArgument = Annotated[str, typer.Argument(metavar="OPERATION", help="The operation's number or full name.")]


def list_operations(
    *,
    running: Annotated[bool, typer.Option("--running", help="Only those that have not ended.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    stack: StackOption = None,
    outputs: OutputsOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the operations of the stack's dataset, newest first."""
    with connect(stack, outputs) as target:
        states = [state for state in all_states(target) if not (running and state.done)]
    states = sorted(states, key=lambda state: state.created, reverse=True)[:limit]
    if as_json:
        print_json([state.to_json() for state in states])
        return
    columns = ("operation", "method", "state", "success", "failure", "pending", "created", "ended")
    print_table(columns, [_row(state) for state in states])


def get_operation(
    operation: OperationArgument,
    *,
    stack: StackOption = None,
    outputs: OutputsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one operation and, where some of its files failed, their names; exit code 3 where these can't be read."""
    with connect(stack, outputs) as target:
        state = get_state(target, _name(target, operation))
        failures = failed_files(target, state, resource="")
    if as_json:
        failed = [{"file": each.source, "reason": each.reason} for each in failures]
        print_json({**state.to_json(), "failed": failed})
    else:
        _show(state, failures)
    if state.failure and not failures:
        raise typer.Exit(ExitCode.PARTLY_DONE)


def _show(state: OperationState, failures: list[FailedFile]) -> None:
    shown = {key: value for key, value in state.to_json().items() if key != "error"}
    if state.error_code:
        shown["error"] = state.error_message
    print_table(("property", "value"), list(shown.items()))
    show_failures(state, failures)


def cancel_operation(operation: OperationArgument, *, stack: StackOption = None, outputs: OutputsOption = None) -> None:
    """Cancel a running operation; what it has done stays."""
    with connect(stack, outputs) as target:
        name = _name(target, operation)
        if get_state(target, name).done:
            remark(f"Operation {operation} has ended already; there is nothing to cancel.")
            return
        target.execute(target.healthcare.operations().cancel(name=name, body={}))
    note(f"Operation {operation} is being cancelled; what is done stays.")


def _name(target: Connection, operation: str) -> str:
    return operation if "/" in operation else f"{target.outputs.dataset_name}/operations/{operation}"


def _row(state: OperationState) -> tuple[object, ...]:
    return (
        state.operation_id,
        state.method,
        state.state,
        state.success,
        state.failure,
        state.pending,
        state.created,
        state.ended,
    )


register(app, "list", list_operations)
register(app, "get", get_operation)
register(app, "cancel", cancel_operation)
