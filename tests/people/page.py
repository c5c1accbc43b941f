"""The page docs/access-matrix.md, made of a stack on an emulator: `python -m tests.people.page` writes it."""

from __future__ import annotations

import os
import tempfile
from itertools import starmap
from pathlib import Path

from scripts.access import matrix
from scripts.access.decisions import Access
from scripts.access.matrix import Row
from scripts.connection import connect_to
from tests.people.command_lines import COMMAND_LINES, ON_GOOGLE_CLOUD, CommandLine
from tests.people.conftest import EVERYTHING, PROJECT, alerted
from tests.people.standing import Standing, emulating, stand
from tests.support.emulator import ROOT

PAGE = ROOT / "docs" / "access-matrix.md"
_HEAD = """# Who may do what

<!-- Made by `python -m tests.people.page`. -->

Each account that people act as, beside each method of Google's APIs that the commands call, and the role that allows
it: of a stack with every kind of store, the research side, the audit trail and `readerPrefix: released/`. "-" is
refused. Roles are Google's (`roles/...`), but for `imaging_E_looks` and `imaging_E_operates`, the stack's own; one with
a condition has its title in brackets. The same for a stack of yours, from its policies as they are:
`python -m scripts access matrix`; what the program granted: the output `access`.

A test tries every row with every account on the emulator: calls of Cloud Storage and BigQuery themselves, all others by
`testIamPermissions` in the account's name, which changes nothing.
"""


_WITHOUT = """## Without a grant

What happens where a grant of the program is taken away: the command that fails, as which account, and the permission
that it says is missing, of whoever holds the grant, on which resource. `preflight` names each of these grants, too. A
test takes each one away and runs the command (`MISSING_GRANTS=all`). Whoever of the people may no longer act as an
account is told so by every command, with `iam.serviceAccounts.getAccessToken` and the account, and `preflight` names
these grants as well.

| grant | as | command | what is missing |
|---|---|---|---|"""
_ELSEWHERE = """
Where the stack is made for Dataflow or Managed Airflow, which the emulator does not have, a pipeline ends with
Dataflow's error, and the environment or the DAG's tasks fail. What is missing then, `deliveries` tells by the policies,
and `preflight`, too; a test takes each of these grants away and runs both.

| grant | as | command | what is missing |
|---|---|---|---|"""


def rows(standing: Standing) -> list[Row]:
    """The matrix of a stack that is up, read in the owner's name."""
    os.environ["GOOGLE_OAUTH_ACCESS_TOKEN"] = standing.emulator.owner_token
    try:
        with connect_to(standing.outputs) as target:
            return list(matrix.rows(Access(target), target.outputs))
    finally:
        del os.environ["GOOGLE_OAUTH_ACCESS_TOKEN"]


def page(found: list[Row]) -> str:
    """The page of a matrix: a table for each service, then what fails without each grant."""
    parts = [_HEAD]
    for service in dict.fromkeys(row.method.id.partition(".")[0] for row in found):
        own = [row for row in found if row.method.id.startswith(f"{service}.")]
        people = list(own[0].cells)
        parts.append(f"## {service}\n")
        parts.append(f"| method | on | {' | '.join(people)} |\n|---|---|{'---|' * len(people)}")
        parts[-1] += "".join(f"\n{_line(row)}" for row in own) + "\n"
    usual, elsewhere = (starmap(_failing, lines.items()) for lines in (COMMAND_LINES, ON_GOOGLE_CLOUD))
    return "\n".join([*parts, _WITHOUT, *usual, _ELSEWHERE, *elsewhere, ""])


def _failing(grant: str, wanted: CommandLine) -> str:
    return f"| {grant} | {wanted.who} | `{wanted.line}` | {wanted.permission} on {wanted.on} |"


def _line(row: Row) -> str:
    method = row.method.id.removeprefix("healthcare.projects.locations.datasets.")
    cells = (_short(cell) for cell in row.cells.values())
    return f"| {method} | {row.resource} | {' | '.join(cells)} |"


def _short(cell: str) -> str:
    return cell.replace("roles/", "").replace(f"projects/{PROJECT}/", "") or "-"


def main() -> None:
    """Write the page."""
    with tempfile.TemporaryDirectory() as folder, emulating(Path(folder), PROJECT) as emulator:
        alerted(emulator)
        PAGE.write_text(page(rows(stand(emulator, EVERYTHING))), encoding="utf-8")


if __name__ == "__main__":
    main()
