"""The access matrix: which account may use which method that the commands call, on what, and by which role."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from infra.outputs import Outputs
from scripts.access import resources
from scripts.access.decisions import Access, Answer, Grant
from scripts.access.methods import METHODS, Method
from scripts.access.principals import Known
from scripts.access.resources import Resource

UNREAD = "?"
"""What stands for an answer that can't be known."""


@dataclass(frozen=True)
class Row:
    """A method on a resource, by its short name; `cells` are by account: the roles that allow it, "" where none does.

    A role whose condition has to hold stands with the condition's title in brackets. A cell is UNREAD where no role is
    found, and a policy that could have one can't be read.
    """

    method: Method
    resource: str
    cells: Mapping[str, str]


def accounts(outputs: Outputs) -> dict[str, str]:
    """The accounts that people act as, by what they are for."""
    side = outputs.research
    found = {
        "loader": outputs.loader_email,
        "reader": outputs.reader_email,
        "researcher": side.researcher_email if side else None,
        "steward": side.steward_email if side else None,
        "auditor": outputs.auditor_email,
        "operator": outputs.operator_email,
    }
    return {who: email for who, email in found.items() if email}


def rows(access: Access, outputs: Outputs) -> Iterator[Row]:
    """The rows of a stack, by what its policies say now. Raises what Google's clients raise."""
    people, known = accounts(outputs), resources.of_stack(outputs)
    for method in METHODS:
        for short, resource in known.items():
            if resource.kind == method.kind:
                answers = {
                    who: access.why(f"serviceAccount:{email}", method.permission, resource)
                    for who, email in people.items()
                }
                none = UNREAD if any(_hidden(access, resource)) else ""
                yield Row(method, short, {who: _roles(answer) or none for who, answer in answers.items()})


def unread(access: Access, outputs: Outputs) -> list[str]:
    """A sentence for each policy of the stack that rows would be read from, and that can't be read."""
    kinds = {method.kind for method in METHODS}
    known = [each for each in resources.of_stack(outputs).values() if each.kind in kinds]
    return list(dict.fromkeys(sentence for each in known for sentence in _hidden(access, each)))


def _hidden(access: Access, resource: Resource) -> Iterator[str]:
    """Why policies of a resource, up to its project, can't be read; those above often show to their owners only."""
    for each in resource.line:
        yield from access.policies.on(each).unread


def _roles(answer: Answer) -> str:
    roles = (_role(grant) for grant in answer.grants if answer.allowed == Known.YES or _conditional(grant))
    return ", ".join(sorted({role for role in roles if role}))


def _role(grant: Grant) -> str:
    """The role of a grant that allows what is asked about, or would under its condition; "" where it does not."""
    if grant.grants == Known.YES:
        return grant.binding.role
    return f"{grant.binding.role} ({grant.binding.condition.get('title')})" if _conditional(grant) else ""


def _conditional(grant: Grant) -> bool:
    """Whether only a condition stands between a grant and what is asked about."""
    return grant.stands == grant.includes == Known.YES != grant.holds and grant.denied == Known.NO


def mark(cell: str) -> str:
    """A cell in a word."""
    if cell in ("", UNREAD):
        return cell or "-"
    return "yes" if any("(" not in role for role in cell.split(", ")) else "some"
