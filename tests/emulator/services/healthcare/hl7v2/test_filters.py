"""Filters on messages: compiled to SQL and to a function, beside a plain evaluation of the same conditions."""

import operator
import os
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from emulator.errors import ApiError
from emulator.services.healthcare import times
from emulator.services.healthcare.hl7v2 import filters, tables
from emulator.services.healthcare.hl7v2.filters import DEEPEST, MOST, Condition, Facts
from emulator.services.healthcare.hl7v2.tables import NEVER_SENT

CHICAGO = ZoneInfo("America/Chicago")
_SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True)
class Stated:
    """A filter as its text, and what it means for a message as the description of `filter` has it."""

    text: str
    means: Callable[[Facts, tzinfo], bool]


def quoted(text: str) -> str:
    """A text in the quotation marks of the grammar."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def day_of(facts: Facts, zone: tzinfo) -> str | None:
    """The day on which a message was sent, None where that is not known."""
    if facts.sent == NEVER_SENT:
        return None
    return datetime.fromtimestamp(facts.sent / 1_000_000, zone).date().isoformat()


def contains(text: str, wanted: str) -> bool:
    """Whether a text has another in it, in capitals or not, of words of ASCII."""
    return wanted.lower() in text.lower()


WORDS = st.sampled_from(["A", "adt", "ADT", "ORU", "fac", 'F "1"', "b\\c", "x y", "AND", ""])
TIMES = st.sampled_from([0, 1_483_250_400_000_000, 1_483_336_800_000_000, 1_483_336_799_999_999, 1_500_000_000_000_001])
DAYS = st.sampled_from(["1970-01-01", "2017-01-01", "2017-01-02", "2017-07-14"])
KEYS = st.sampled_from(["priority", "b c", "x"])
IDS = st.tuples(st.sampled_from(["1", "22", "a"]), st.sampled_from(["MRN", ""]))
FACTS = st.builds(
    Facts,
    WORDS,
    WORDS,
    TIMES | st.just(NEVER_SENT),
    TIMES,
    st.frozensets(IDS, max_size=2),
    st.dictionaries(KEYS, WORDS, max_size=2),
)


def _of_word(field: tuple[str, str], word: str) -> Stated:
    return Stated(f"{field[0]} = {quoted(word)}", lambda facts, _: contains(getattr(facts, field[1]), word))


def _of_label(key: str, word: str) -> Stated:
    return Stated(
        f"labels.{quoted(key)}={quoted(word)}",
        lambda facts, _: key in facts.labels and contains(facts.labels[key], word),
    )


def _of_presence(key: str) -> Stated:
    return Stated(f"labels.{quoted(key)}:*", lambda facts, _: key in facts.labels)


def _of_day(sign: str, day: str) -> Stated:
    def means(facts: Facts, zone: tzinfo) -> bool:
        sent = day_of(facts, zone)
        return sent is not None and _SIGNS[sign](sent, day)

    return Stated(f'send_date {sign} "{day}"', means)


def _of_time(field: tuple[str, str], sign: str, at: int) -> Stated:
    def means(facts: Facts, _: tzinfo) -> bool:
        found = getattr(facts, field[1])
        return found != NEVER_SENT and _SIGNS[sign](found, at)

    return Stated(f'{field[0]} {sign} "{times.written(at)}"', means)


def _of_patient(one: tuple[str, str]) -> Stated:
    return Stated(f"PatientId({quoted(one[0])}, {quoted(one[1])})", lambda facts, _: one in facts.patients)


SIGNS = st.sampled_from(list(_SIGNS))
SIMPLE = st.one_of(
    st.builds(_of_word, st.sampled_from([("message_type", "type"), ("send_facility", "facility")]), WORDS),
    st.builds(_of_label, KEYS, WORDS),
    st.builds(_of_presence, KEYS),
    st.builds(_of_day, SIGNS, DAYS),
    st.builds(_of_time, st.sampled_from([("send_time", "sent"), ("createTime", "created")]), SIGNS, TIMES),
    st.builds(_of_patient, IDS),
)


def _not(one: Stated) -> Stated:
    return Stated(f"NOT {one.text}", lambda facts, zone: not one.means(facts, zone))


def _and(parts: list[Stated]) -> Stated:
    text = " AND ".join(f"({part.text})" for part in parts)
    return Stated(f"({text})", lambda facts, zone: all(part.means(facts, zone) for part in parts))


def _or(parts: list[Stated]) -> Stated:
    text = " OR ".join(f"({part.text})" for part in parts)
    return Stated(f"({text})", lambda facts, zone: any(part.means(facts, zone) for part in parts))


FILTERS = st.recursive(
    SIMPLE,
    lambda inner: st.one_of(
        st.builds(_not, inner),
        st.builds(_and, st.lists(inner, min_size=2, max_size=3)),
        st.builds(_or, st.lists(inner, min_size=2, max_size=3)),
    ),
    max_leaves=6,
)


def found_by_sql(condition: Condition, messages: list[Facts]) -> list[bool]:
    """Whether each message fits a condition's SQL, as rows of the real tables."""
    with sqlite3.connect(":memory:") as database:
        database.executescript(tables.MESSAGES)
        for number, facts in enumerate(messages, 1):
            database.execute(
                "INSERT INTO hl7v2_messages VALUES(?,7,?,1,0,?,'',?,?,?,?,0)",
                (
                    number,
                    str(number),
                    facts.created,
                    orjson.dumps(facts.labels).decode(),
                    facts.sent,
                    facts.type,
                    facts.facility,
                ),
            )
            for value, kind in facts.patients:
                database.execute("INSERT INTO hl7v2_patients VALUES(7,?,?,?)", (value, kind, number))
        sql = f"SELECT number FROM hl7v2_messages m WHERE m.store = ?1 AND {condition.sql}"
        fit = {row[0] for row in database.execute(sql, (7, *condition.values))}
    database.close()
    return [number in fit for number in range(1, len(messages) + 1)]


@settings(max_examples=int(os.environ.get("HL7V2_FILTERS", "100")))
@given(FILTERS, st.lists(FACTS, min_size=1, max_size=6), st.sampled_from([UTC, CHICAGO]))
@example(_of_day("=", "2017-01-01"), [Facts("A", "", 1_483_250_400_000_000, 0, frozenset(), {})], CHICAGO)
def test_filters_mean_what_a_plain_evaluation_says(stated: Stated, messages: list[Facts], zone: tzinfo) -> None:
    """HL7V2_FILTERS is how many are compared."""
    condition = filters.compiled(stated.text, zone)
    meant = [stated.means(facts, zone) for facts in messages]
    assert [condition.holds(facts) for facts in messages] == meant
    assert found_by_sql(condition, messages) == meant


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ('NOT message_type = "ADT"', '(NOT message_type = "ADT")'),
        (
            "message_type=A OR message_type=B AND send_facility=C",
            "(message_type=A OR message_type=B) AND send_facility=C",
        ),
        ("NOT message_type=A AND message_type=B", "(NOT message_type=A) AND message_type=B"),
        ("messageType=A sendFacility=B", "message_type=A AND send_facility=B"),
        ("labels.priority=high", 'labels."priority"="high"'),
        ('send_facility="a AND b"', 'send_facility = "a AND b"'),
    ],
)
def test_grammar_is_that_of_lists(text: str, same: str) -> None:
    one, other = filters.compiled(text, UTC), filters.compiled(same, UTC)
    assert (one.sql, one.values) == (other.sql, other.values)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ADT", "stands alone"),
        ('message_type != "ADT"', "write NOT"),
        ('message_type < "ADT"', "takes ="),
        ('colour = "red"', "is no field"),
        ('send_date = "2017-1-2"', "a day such as"),
        ('send_date = "2017-02-30"', "a day such as"),
        ('send_date : "2017-02-03"', "send_date takes"),
        ('send_time = "2017-01-02"', "a time such as"),
        ('send_time = "2017-01-02T00:00:00"', "a time such as"),
        ('create_time : "*"', "create_time takes"),
        ("labels.a : b", "labels takes"),
        ('PatientId("1")', "takes a value and a type"),
        ('PatientId("1", 2)', "Invalid filter"),
        ("PatientId", "stands alone"),
        ("message_type =", "Invalid filter"),
        ("(message_type = A", "Invalid filter"),
        ("message_type = A)", "Invalid filter"),
        (" ".join(["message_type=A"] * (MOST + 1)), "comparisons"),
        ("NOT " * DEEPEST + "message_type=A", "nested"),
        ("(message_type=A OR " * DEEPEST + "message_type=B" + ")" * DEEPEST, "nested"),
        ("message_type=" + "A" * 20_001, "characters"),
    ],
)
def test_filter_that_cant_be_read_is_a_400_that_says_why(text: str, words: str) -> None:
    with pytest.raises(ApiError, match=words) as refused:
        filters.compiled(text, UTC)
    assert refused.value.code == 400


def test_largest_filters_are_taken_by_sqlite() -> None:
    facts = Facts("A", "", 0, 0, frozenset(), {})
    for word in ("AND", "OR"):
        condition = filters.compiled(f" {word} ".join(["message_type=A"] * MOST), UTC)
        assert found_by_sql(condition, [facts]) == [True]
    for opening in ("NOT (message_type=A AND ", "(message_type=A OR "):
        deep = opening * 6 + 'NOT labels."x":*' + ")" * 6
        condition = filters.compiled(deep, UTC)
        assert found_by_sql(condition, [facts]) == [condition.holds(facts)]
