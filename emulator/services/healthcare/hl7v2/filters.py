"""Filters on messages (Cloud Healthcare: messages.list, filter), compiled to SQL and to a function at once.

The same grammar is for lists, notifications and exports: fields that compare, `PatientId(value, type)`, labels, and
NOT, AND, OR. Texts are searched within a field, upper and lower case of ASCII alike.
"""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Any

from emulator.errors import ApiError, invalid_argument
from emulator.gateway import filters
from emulator.services.healthcare import times
from emulator.services.healthcare.hl7v2.tables import NEVER_SENT

MOST = 100
DEEPEST = 15
"""How many comparisons a filter may have, and how deep: SQLite's parser takes no more than a hundred open parts."""
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_COMPARE: dict[str, Callable[[int, int], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_FIELDS = "message_type, send_date, send_time, create_time, send_facility, PatientId(value, type), labels.KEY"
_CAMEL = {
    "messageType": "message_type",
    "sendDate": "send_date",
    "sendTime": "send_time",
    "createTime": "create_time",
    "sendFacility": "send_facility",
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What a filter looks at of a message. Times are microseconds since 1970."""

    type: str
    facility: str
    sent: int
    created: int
    patients: frozenset[tuple[str, str]]
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on a message: SQL on hl7v2_messages m that is never NULL, and the same as a function of its facts.

    The SQL's first parameter, ?1, is the number of the store; `values` are those of its others.
    """

    sql: str
    values: tuple[Any, ...]
    holds: Callable[[Facts], bool]
    comparisons: int = 1
    depth: int = 1

    def until(self, created: int) -> "Condition":
        """The same of messages that were created by then (microseconds since 1970), in SQL only."""
        return replace(self, sql=f"({self.sql}) AND m.created <= ?", values=(*self.values, created))


EVERYTHING = Condition("1", (), lambda _facts: True, 0)


@lru_cache(maxsize=256)
def compiled(text: str, zone: tzinfo) -> Condition:
    """The condition that a filter states; "" is that of all messages. 400 for one that can't be read.

    `zone` is that of the dataset, which dates are of.
    """
    if not text.strip():
        return EVERYTHING
    condition = filters.read(
        text,
        filters.Algebra(_all_of, _any_of, _negated),
        lambda path, sign, wanted: _comparison(path, sign, wanted, zone),
        calls={"PatientId": _patient_id},
    )
    if condition.comparisons > MOST:
        raise _bad(f"it has {condition.comparisons} comparisons, and at most {MOST} are taken")
    if condition.depth > DEEPEST:
        raise _bad(f"its parts are nested {condition.depth} deep, and at most {DEEPEST} are taken")
    return condition


def _all_of(terms: Sequence[Condition]) -> Condition:
    tests = [term.holds for term in terms]
    return _joined(" AND ", terms, lambda facts: all(test(facts) for test in tests))


def _any_of(terms: Sequence[Condition]) -> Condition:
    tests = [term.holds for term in terms]
    return _joined(" OR ", terms, lambda facts: any(test(facts) for test in tests))


def _joined(word: str, terms: Sequence[Condition], holds: Callable[[Facts], bool]) -> Condition:
    values = tuple(value for term in terms for value in term.values)
    comparisons, depth = sum(term.comparisons for term in terms), max(term.depth for term in terms)
    return Condition(f"({word.join(term.sql for term in terms)})", values, holds, comparisons, depth + 1)


def _negated(term: Condition) -> Condition:
    holds = term.holds
    return Condition(f"NOT {term.sql}", term.values, lambda facts: not holds(facts), term.comparisons, term.depth + 1)


def _comparison(path: str, sign: str, wanted: str, zone: tzinfo) -> Condition:
    if not sign:
        raise _bad(f'"{wanted[:80]}" stands alone: compare a field, one of {_FIELDS}')
    if sign == "!=":
        raise _bad("there is no !=: write NOT before a comparison with =")
    field = _CAMEL.get(path, path)
    if field.startswith("labels."):
        return _of_label(field.removeprefix("labels."), sign, wanted)
    if field in ("message_type", "send_facility"):
        return _of_text(field, sign, wanted)
    if field == "send_date":
        return _of_date(sign, wanted, zone)
    if field in ("send_time", "create_time"):
        return _of_time(field, sign, wanted)
    raise _bad(f'"{path[:80]}" is no field: use one of {_FIELDS}')


def _of_text(field: str, sign: str, wanted: str) -> Condition:
    _require(sign == "=", field, "=")
    column, looked_for = {"message_type": "type", "send_facility": "facility"}[field], folded(wanted)
    return Condition(
        f"(instr(lower(m.{column}), ?) > 0)",
        (looked_for,),
        lambda facts: looked_for in folded(getattr(facts, column)),
    )


def _of_label(key: str, sign: str, wanted: str) -> Condition:
    if sign == ":" and wanted == "*":
        sql = "EXISTS(SELECT 1 FROM json_each(m.labels) WHERE key = ?)"
        return Condition(sql, (key,), lambda facts: key in facts.labels)
    _require(sign == "=", "labels", "=, and :* for any value")
    looked_for = folded(wanted)
    return Condition(
        "EXISTS(SELECT 1 FROM json_each(m.labels) WHERE key = ? AND instr(lower(value), ?) > 0)",
        (key, looked_for),
        lambda facts: key in facts.labels and looked_for in folded(facts.labels[key]),
    )


def _of_date(sign: str, wanted: str, zone: tzinfo) -> Condition:
    """A comparison of the day that a message was sent on, which is one of the moments that the day lies between."""
    _require(sign in _COMPARE, "send_date", "=, <, <=, > and >=")
    try:
        day = date.fromisoformat(wanted) if _DATE.fullmatch(wanted) else None
        first, last = (None, None) if day is None else (_start(day, zone), _start(day + timedelta(days=1), zone))
    except (ValueError, OverflowError):
        first = last = None
    if first is None or last is None:
        raise _bad("send_date is compared with a day such as 2017-01-02")
    if sign == "=":
        return _all_of([_sent(">=", first), _sent("<", last)])
    return _sent({"<": "<", "<=": "<", ">": ">=", ">=": ">="}[sign], last if sign in ("<=", ">") else first)


def _start(day: date, zone: tzinfo) -> int:
    return times.of_moment(datetime(day.year, day.month, day.day, tzinfo=zone))


def _of_time(field: str, sign: str, wanted: str) -> Condition:
    _require(sign in _COMPARE, field, "=, <, <=, > and >=")
    at = times.of_instant(wanted)
    if at is None:
        raise _bad(f"{field} is compared with a time such as 2017-01-02T00:00:00-05:00")
    if field == "send_time":
        return _sent(sign, at)
    compare = _COMPARE[sign]
    return Condition(f"(m.created {sign} ?)", (at,), lambda facts: compare(facts.created, at))


def _sent(sign: str, at: int) -> Condition:
    """A comparison of the send time, which no message without one fits."""
    compare = _COMPARE[sign]
    return Condition(
        f"(m.sent > ? AND m.sent {sign} ?)",
        (NEVER_SENT, at),
        lambda facts: facts.sent > NEVER_SENT and compare(facts.sent, at),
    )


def _patient_id(arguments: Sequence[str]) -> Condition:
    if len(arguments) != 2:
        raise _bad('PatientId takes a value and a type: PatientId("123456", "MRN")')
    value, kind = arguments
    return Condition(
        "m.number IN (SELECT number FROM hl7v2_patients WHERE store = ?1 AND value = ? AND type = ?)",
        (value, kind),
        lambda facts: (value, kind) in facts.patients,
    )


def folded(text: str) -> str:
    """A text with the capitals of ASCII as small letters, as SQLite's lower() gives it."""
    return text.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass")


def _require(holds: bool, field: str, signs: str) -> None:
    if not holds:
        raise _bad(f"{field} takes {signs}")


def _bad(sentence: str) -> ApiError:
    return invalid_argument(f"Invalid filter: {sentence}.")
