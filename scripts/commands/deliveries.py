"""`deliveries`: whether what Google's services do by themselves for the stack arrives."""

from __future__ import annotations

from typing import Annotated

import typer

from scripts.checks import run_checks
from scripts.commands.findings import exit_unless_decided, show
from scripts.commands.options import JsonOption, OutputsOption, StackOption
from scripts.connection import connect


def deliveries(
    *,
    hours: Annotated[float, typer.Option(min=0.1, help="How far back to look.")] = 24,
    stack: StackOption = None,
    outputs: OutputsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find what Google's services could not do by themselves: notifications, audit trail, alerts, schedule.

    They tell no command of it: it is in their logs. Each failure names who lacks which permission on what; what has
    been granted since is said. Of Dataflow and Managed Airflow the grants are looked at that they work by. Exit code 1
    when something fails, 3 when nothing fails but something can't be seen by this account. It is for auditors and
    operators.
    """
    from scripts.deliveries.checks import checks

    with connect(stack, outputs) as target:
        results = show(target.outputs, run_checks(target, checks(target, hours)), as_json=as_json)
    exit_unless_decided(results)
