"""The state of one running script: its variables, temporary functions and tables, transaction, and what it counted.

https://cloud.google.com/bigquery/docs/reference/system-variables
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from emulator.errors import ApiError
from emulator.services.bigquery import errors
from emulator.services.bigquery.jobs.results import Result
from emulator.services.bigquery.jobs.store import Job
from emulator.services.bigquery.jobs.transaction import Transaction
from emulator.services.bigquery.names import DatasetName, TableName
from emulator.services.bigquery.process.ticket import Ticket
from emulator.services.bigquery.sql.blocks import Place
from emulator.services.bigquery.sql.catalog import Defaults
from emulator.services.bigquery.sql.plans import Variable
from emulator.services.bigquery.sql.types import Field

if TYPE_CHECKING:
    from emulator.context import Context

STRING, INT64 = "STRING", "INTEGER"
STACK: Field = {
    "name": "stack_trace",
    "type": "RECORD",
    "mode": "REPEATED",
    "fields": [
        {"name": "line", "type": INT64},
        {"name": "column", "type": INT64},
        {"name": "filename", "type": STRING},
        {"name": "location", "type": STRING},
    ],
}


class Failure(Exception):
    """A statement of a script that failed: why, where it stands, and its text."""

    def __init__(self, problem: ApiError, place: Place, text: str) -> None:
        super().__init__(str(problem))
        self.problem = problem
        self.place = place
        self.text = text
        self.outer: list[tuple[Place, str]] = []  # where procedures were called, and which ones, innermost first

    @property
    def message(self) -> str:
        """What went wrong, as @@error.message has it."""
        return str(errors.to_proto(self.problem)["message"])

    @property
    def stack(self) -> list[tuple[Place, str]]:
        """Places and the procedures that they are in, innermost first; "" for the script itself."""
        places = [self.place, *(place for place, _ in self.outer)]
        names = [*(name for _, name in self.outer), ""]
        return list(zip(places, names, strict=True))

    @property
    def stack_text(self) -> str:
        """The stack as a person reads it."""
        return "\n".join(f"At {name or '__script__'}{place}" for place, name in self.stack)


@dataclass
class Frame:
    """What the script itself, or one call of a procedure, has of its own."""

    scopes: list[dict[str, Variable]] = field(default_factory=lambda: [{}])
    handled: list[Failure] = field(default_factory=list)  # what the handlers around the current statement handle

    def find(self, name: str) -> dict[str, Variable] | None:
        """The scope that has a variable."""
        return next((scope for scope in reversed(self.scopes) if name.lower() in scope), None)

    def declare(self, variable: Variable) -> None:
        """Add a variable to the innermost block. Raises 400 where a block around it has one of that name."""
        if self.find(variable.name) is not None:
            raise errors.error("invalidQuery", f"Variable '{variable.name}' redeclaration is not allowed")
        self.scopes[-1][variable.name.lower()] = variable

    def variable(self, name: str) -> Variable:
        """A variable. Raises 400 where there is none of that name."""
        scope = self.find(name)
        if scope is None:
            raise errors.error("invalidQuery", f"Undeclared variable: {name}")
        return scope[name.lower()]

    def put(self, name: str, value: dict[str, Any] | None) -> None:
        """Give a variable that there is a new value."""
        before = self.variable(name)
        scope = self.find(name)
        assert scope is not None
        scope[name.lower()] = Variable(before.name, before.field, value)

    def mentioned(self, text: str) -> list[Variable]:
        """The variables whose names a text holds."""
        lower = text.lower()
        return [variable for scope in self.scopes for name, variable in scope.items() if name in lower]


@dataclass
class Session:
    """One script under way."""

    context: Context
    job: Job
    ticket: Ticket
    defaults: Defaults
    functions: list[str] = field(default_factory=list)
    temporary: dict[str, Result] = field(default_factory=dict)  # by their names in lower case
    transaction: Transaction | None = None
    frames: list[Frame] = field(default_factory=lambda: [Frame()])
    labels: dict[str, str] = field(default_factory=dict)  # of child jobs, by @@query_label
    calls: list[dict[str, Any]] = field(default_factory=list)  # stackFrames of the calls that lead here
    id: str = ""  # of the session that the script is in
    aborted: bool = False  # whether that session ends with the script
    set_dataset: DatasetName | None = None  # the default dataset that SET gave it
    children: int = 0
    row_count: int | None = None
    last_job: str = ""
    last_result: str = ""  # the child whose rows or counts are the script's
    processed: int = 0

    @property
    def frame(self) -> Frame:
        """The innermost frame."""
        return self.frames[-1]

    async def roll_back(self) -> None:
        """End the transaction that is open, if one is, without its changes."""
        if self.transaction is not None:
            transaction, self.transaction = self.transaction, None
            self.temporary = await transaction.roll_back(self.temporary)

    def temporary_name(self, name: str) -> TableName:
        """The full name of a temporary table."""
        return TableName(self.defaults.project, self.defaults.temporary, name.lower())

    def system(self) -> list[Variable]:
        """The system variables."""
        dataset = self.defaults.dataset
        transaction = self.transaction.id if self.transaction else None
        strings = {
            "@@project_id": self.job.project,
            "@@dataset_id": dataset.dataset if dataset else None,
            "@@dataset_project_id": dataset.project if dataset else self.job.project,
            "@@last_job_id": self.last_job or None,
            "@@location": self.job.location,
            "@@query_label": ",".join(f"{key}:{value}" for key, value in self.labels.items()) or None,
            "@@script.job_id": self.job.id,
            "@@session_id": self.id or None,
            "@@time_zone": "UTC",
            "@@transaction_id": transaction,
        }
        numbers = {
            "@@row_count": self.row_count,
            "@@script.bytes_billed": self.processed,
            "@@script.bytes_processed": self.processed,
            "@@script.num_child_jobs": self.children,
            "@@script.slot_ms": 0,
        }
        created = _variable("@@script.creation_time", "TIMESTAMP", self.job.created / 1000)
        return [
            *(_variable(name, STRING, value) for name, value in strings.items()),
            *(_variable(name, INT64, value) for name, value in numbers.items()),
            created,
            *_error(self.frame.handled[-1] if self.frame.handled else None),
        ]


def _variable(name: str, kind: str, value: object) -> Variable:
    return Variable(name, {"name": name, "type": kind}, None if value is None else {"value": str(value)})


def _error(failure: Failure | None) -> Iterable[Variable]:
    """The fields of @@error, NULL outside of handlers."""
    texts: dict[str, str | None] = dict.fromkeys(("message", "statement_text", "formatted_stack_trace"))
    rows = None
    if failure is not None:
        texts = {
            "message": failure.message,
            "statement_text": failure.text,
            "formatted_stack_trace": failure.stack_text,
        }
        rows = {"arrayValues": [_stack_row(place, name) for place, name in failure.stack]}
    yield from (_variable(f"@@error.{name}", STRING, value) for name, value in texts.items())
    yield Variable("@@error.stack_trace", STACK, rows)


def _stack_row(place: Place, name: str) -> dict[str, Any]:
    values = {"line": str(place.line), "column": str(place.column), "filename": None, "location": name or None}
    return {"structValues": {key: {"value": value} for key, value in values.items()}}


def default_dataset(session: Session, project: str, dataset: str) -> Defaults:
    """The defaults of a session with another default dataset."""
    name = DatasetName(project, dataset) if dataset else None
    return Defaults(session.defaults.project, name, session.defaults.temporary)
