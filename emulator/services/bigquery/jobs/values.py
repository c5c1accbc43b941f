"""Values in a script: what expressions give, where they are put, and how they become parameters."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

from emulator.services.bigquery import errors, views, warehouse
from emulator.services.bigquery.jobs import results
from emulator.services.bigquery.jobs.results import Result
from emulator.services.bigquery.jobs.select import Query
from emulator.services.bigquery.jobs.session import Session, default_dataset
from emulator.services.bigquery.jobs.store import Job
from emulator.services.bigquery.names import TableName
from emulator.services.bigquery.sql import scripts
from emulator.services.bigquery.sql.plans import Plan, Script, Variable
from emulator.services.bigquery.sql.types import Field, field_mode, field_type

VALUE = "bq_value"  # how a value is called that is put into a variable


def mentioned(session: Session, text: str) -> list[Variable]:
    """The variables that a text may use."""
    system = session.system() if "@@" in text else []
    return [*session.frame.mentioned(text), *system]


def parameters_at(parameters: Sequence[dict[str, Any]], places: Sequence[int]) -> list[dict[str, Any]]:
    """The query parameters of one statement: the named ones, and the positional ones of these places in the script."""
    positional = [item for item in parameters if not item.get("name")]
    if places and max(places) >= len(positional):
        count = len(positional)
        message = f"Positional parameter number {max(places) + 1} has no value: {count} were given."
        raise errors.error("invalidQuery", message)
    return [*(item for item in parameters if item.get("name")), *(positional[place] for place in places)]


async def evaluate(session: Session, script: Script, field: Field | None) -> Variable | Plan:
    """The value of an expression, or what has to be looked up for it."""
    house = warehouse.of(session.context)
    return await house.run(
        scripts.evaluate, script, None, session.job.principal, field, short=True, ticket=session.ticket
    )


async def evaluate_with_tables(query: Query, plan: Plan, field: Field | None) -> Variable:
    """The value of an expression that reads tables. Raises 403 and 404."""
    found = await views.snapshot(query.context, plan.reads, query.principal)
    views.authorize(query.context, found, query.principal)
    house = warehouse.of(query.context)
    value = await house.run(
        scripts.evaluate, query.script, query.seen(found), query.principal, field, ticket=query.ticket
    )
    assert isinstance(value, Variable)
    query.job.statistics["query"] = {"statementType": "SELECT"}
    return value


async def assign(session: Session, name: str, value: Variable) -> None:
    """Put a value into a variable, converted to its type. Raises 400 where it does not fit."""
    if name.startswith("@@"):
        set_system(session, name, value)
        return
    into = session.frame.variable(name)
    script = Script(f"SELECT {VALUE}", session.defaults, variables=(Variable(VALUE, value.field, value.value),))
    made = await evaluate(session, script, {**into.field, "name": into.name})
    assert isinstance(made, Variable)
    session.frame.put(name, made.value)


def is_row(value: Variable, count: int) -> bool:
    """Whether a value is a STRUCT of so many fields."""
    single = field_type(value.field) == "RECORD" and field_mode(value.field) != "REPEATED"
    return single and len(value.field.get("fields") or ()) == count


async def spread(session: Session, names: Sequence[str], row: Variable) -> None:
    """Put the fields of a STRUCT into variables. Raises 400 where there are more or fewer."""
    fields = row.field.get("fields") or []
    if not is_row(row, len(names)):
        message = f"Cannot assign a value with {len(fields) or 1} fields to {len(names)} variables"
        raise errors.error("invalidQuery", message)
    for name, field in zip(names, fields, strict=True):
        await assign(session, name, _inside(row, field))


def _inside(row: Variable, field: Field) -> Variable:
    value = ((row.value or {}).get("structValues") or {}).get(field["name"])
    return Variable(field["name"], field, None if value == {"value": None} else value)


async def into(session: Session, names: Sequence[str], child: Job) -> None:
    """Put the one row of a query into variables, NULL where there is none. Raises 400 for several rows."""
    if child.statistics["query"]["statementType"] != "SELECT":
        raise errors.error("invalidQuery", "EXECUTE IMMEDIATE ... INTO needs a query.")
    result = results.find(session.context, TableName.from_reference(child.configuration["destinationTable"], ""))
    assert result is not None
    found = [row async for row in rows(session, result, 2, most=2)]
    if len(found) > 1:
        raise errors.error("invalidQuery", "EXECUTE IMMEDIATE ... INTO needs a query that gives one row at most.")
    field = {"name": "row", "type": "RECORD", "fields": list(result.fields)}
    await spread(session, names, Variable("row", field, found[0] if found else None))


async def rows(session: Session, result: Result, batch: int, most: int | None = None) -> AsyncIterator[dict[str, Any]]:
    """The rows of a stored result as the values of STRUCTs, read some at a time."""
    house, start = warehouse.of(session.context), 0
    while True:
        page = await house.run(
            scripts.variable_rows, result.table, list(result.fields), start, batch, short=True, ticket=session.ticket
        )
        for row in page:
            yield row
        start += len(page)
        if len(page) < batch or (most is not None and start >= most):
            return


def set_system(session: Session, name: str, value: Variable) -> None:
    """Give a system variable a value. Raises 400 for one that cannot be set."""
    raw = (value.value or {}).get("value")
    lower, dataset = name.lower(), session.defaults.dataset
    if lower in ("@@dataset_id", "@@dataset_project_id"):
        project, name = dataset.project if dataset else session.defaults.project, dataset.dataset if dataset else ""
        by_project = lower == "@@dataset_project_id"
        session.defaults = default_dataset(session, *((raw or project, name) if by_project else (project, raw or "")))
        session.set_dataset = session.defaults.dataset
    elif lower == "@@query_label":
        session.labels = dict(_label(part) for part in (raw or "").split(",") if part)
    elif lower == "@@time_zone" and raw in ("UTC", "Etc/UTC"):
        return
    elif lower == "@@time_zone":
        raise errors.error("invalidQuery", f"@@time_zone is UTC in the emulator; {raw} is not emulated.")
    else:
        raise errors.error("invalidQuery", f"Cannot assign to the system variable {name}")


def _label(text: str) -> tuple[str, str]:
    key, _, value = text.partition(":")
    return key.strip(), value.strip()


def parameter(value: Variable, name: str) -> dict[str, Any]:
    """A value as a query parameter; without a name it is a positional one."""
    made: dict[str, Any] = {"parameterType": _type(value.field), "parameterValue": value.value or {"value": None}}
    return {**made, "name": name} if name else made


def _type(field: Field) -> dict[str, Any]:
    if field_mode(field) == "REPEATED":
        return {"type": "ARRAY", "arrayType": _type({**field, "mode": "NULLABLE"})}
    if field_type(field) == "RECORD":
        members = [{"name": child["name"], "type": _type(child)} for child in field["fields"]]
        return {"type": "STRUCT", "structTypes": members}
    if field_type(field) == "RANGE":
        return {"type": "RANGE", "rangeElementType": field["rangeElementType"]}
    return {"type": field_type(field)}
