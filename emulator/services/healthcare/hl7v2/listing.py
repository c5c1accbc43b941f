"""Messages in an order, from a place in it, that fit a filter: for lists and exports."""

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from emulator.errors import invalid_argument
from emulator.services.healthcare.hl7v2 import stored
from emulator.services.healthcare.hl7v2.filters import Condition
from emulator.services.healthcare.hl7v2.stored import COLUMNS, Key, Row

_ORDER = re.compile(r"\s*send_?[tT]ime(?:\s+(asc|desc))?\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Order:
    """By what messages are ordered: when they were stored, or their send time, those without one as the earliest."""

    by_send_time: bool = False
    descending: bool = False

    @property
    def clause(self) -> str:
        """ORDER BY, on hl7v2_messages m."""
        way = " DESC" if self.descending else ""
        return f"ORDER BY m.sent{way}, m.number{way}" if self.by_send_time else f"ORDER BY m.number{way}"

    @property
    def after(self) -> str:
        """The condition that a message comes after the one of a number, of which there is one parameter."""
        sign = "<" if self.descending else ">"
        if not self.by_send_time:
            return f"m.number {sign} ?"
        return f"(m.sent, m.number) {sign} (SELECT sent, number FROM hl7v2_messages WHERE number = ?)"  # noqa: S608


def order_of(text: str) -> Order:
    """The order that an orderBy names; 400 for one that there is not."""
    if not text.strip():
        return Order()
    found = _ORDER.fullmatch(text)
    if found is None:
        raise invalid_argument(f'Invalid orderBy "{text[:80]}": it must be send_time, send_time asc or send_time desc.')
    return Order(by_send_time=True, descending=found[1] == "desc")


def rows(
    reader: sqlite3.Connection, key: Key, condition: Condition, order: Order, after: int, limit: int
) -> Iterator[Row]:
    """At most `limit` messages that fit, after the one of number `after` (0: from the start)."""
    sql = f"SELECT {COLUMNS} FROM hl7v2_messages m WHERE m.store = ?1 AND m.live = 1 AND {condition.sql}"  # noqa: S608
    values = [key.number, *condition.values]
    if after:
        sql += f" AND {order.after}"
        values.append(after)
    for row in reader.execute(f"{sql} {order.clause} LIMIT ?", [*values, limit]):
        yield stored.row_of(row)
