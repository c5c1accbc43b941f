"""Clauses as conditions of SQL on the one table of values that their parameter has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from emulator.fhir.search.errors import SearchError
from emulator.fhir.search.folding import folded
from emulator.fhir.search.index import CONTENT_KEY, NARRATIVE_KEY
from emulator.fhir.search.parameters import COMMON, Parameter, key_of
from emulator.fhir.search.query import Clause
from emulator.fhir.search.tables import ANY_SYSTEM, COLUMNS, TABLES, first_rid, system_key
from emulator.fhir.search.values import Date, Flag, Number, Pair, Quantity, Targets, Text, Token, Value

Arguments = list[Any]
Codes = Iterable[tuple[str, str]]
"""Systems and codes of a value set."""
MOST_VALUES = 200
"""Values of a parameter that are conditions of their own; codes of the same system, references and ids are one."""
_RESOURCES, _TARGETS = "fhir_index_resources", TABLES["references"]
_TABLE_OF = {
    "token": "tokens",
    "string": "strings",
    "date": "dates",
    "number": "numbers",
    "quantity": "numbers",
    "reference": "references",
    "uri": "uris",
    "composite": "pairs",
}
_LAST_LETTER = "\U0010ffff"


class Side(NamedTuple):
    """One way to meet a clause: a condition on columns in braces, and its arguments."""

    where: str
    arguments: tuple[Any, ...] = ()
    indexed: bool = True
    """Whether an index leads to what meets it."""
    ordered: bool = False
    """Whether that index gives it in the order of rids."""


class Rows(NamedTuple):
    """What meets a clause: rows of a table of values, or of resources themselves."""

    table: str
    columns: tuple[str, ...]
    sides: tuple[Side, ...]
    negated: bool = False
    by_type: tuple[Rows, ...] = ()
    """Where it is of several types, and listed in the order of rids for each: those of each type."""
    typed: bool = False
    """Whether they are of the types that were asked for, as the numbers of parameters say."""

    @property
    def indexed(self) -> bool:
        """Whether what meets it can be listed without looking at everything."""
        return not self.negated and all(each.indexed for each in self.sides)

    @property
    def ordered(self) -> bool:
        """Whether it can be listed in the order of rids."""
        return not self.negated and len(self.sides) == 1 and self.sides[0].ordered

    @property
    def dated(self) -> bool:
        """Whether what is listed says when it was."""
        return self.table == _TARGETS

    def listing(self, store: int, limit: int) -> tuple[str, Arguments]:
        """SQL for the rids of what meets it, at most so many; the newest first where it is ordered.

        With the moment of each where it is dated.
        """
        arguments: Arguments = []
        for side in self.sides:
            arguments += [store, *side.arguments]
        sql = _listing(self.table, self.columns, tuple(side.where for side in self.sides), self.ordered)
        return sql, [*arguments, limit]

    def probe(self, of: str, alias: str) -> tuple[str, Arguments]:
        """SQL that is true where the resource `of` meets it; read by the resource's own key, never by value."""
        if not self.sides:
            return ("1" if self.negated else "0"), []
        names = {name: f"+{alias}.{name}" for name in self.columns} | {"parameter": f"{alias}.parameter"}
        either = " OR ".join(f"({side.where.format_map(names)})" for side in self.sides)
        arguments = [each for side in self.sides for each in side.arguments]
        same = f"{alias}.store = {of}.store AND {alias}.rid = {of}.rid"
        word = "NOT EXISTS" if self.negated else "EXISTS"
        return f"{word} (SELECT 1 FROM {self.table} {alias} WHERE {same} AND ({either}))", arguments


@lru_cache(maxsize=1024)
def _listing(table: str, columns: tuple[str, ...], either: tuple[str, ...], ordered: bool) -> str:
    names = {name: name for name in columns}
    found = "rid, moment" if table == _TARGETS else "rid"
    parts = [f"SELECT {found} FROM {table} WHERE store = ? AND {where.format_map(names)}" for where in either]
    return f"{' UNION ALL '.join(parts)}{' ORDER BY rid DESC' if ordered else ''} LIMIT ?"


def listed(values: Iterable[Any]) -> str:
    """Values as the JSON array that json_each reads."""
    return orjson.dumps([*values]).decode()


def among(column: str, values: Sequence[Any]) -> tuple[str, Arguments]:
    """SQL that is true where a column has one of these values."""
    if len(values) == 1:
        return f"{column} = ?", [values[0]]
    return f"{column} IN (SELECT value FROM json_each(?))", [listed(values)]


def rows(clause: Clause, types: Sequence[str], expand: Callable[[str], Codes | None]) -> list[Rows]:
    """What must be met for a clause of resources of these types (none: all of them): all of it.

    `expand` gives the systems and codes of a value set by its URL, None where there is none. SearchError for that.
    """
    parameter = clause.parameter
    if clause.modifier == "missing":
        return [_missing(parameter, types, clause.values)]
    if parameter.code == "_id":
        ids = [each.code for each in clause.values if isinstance(each, Token)]
        return [_of_resources([_ids(ids, types)], negated=clause.modifier == "not")]
    if parameter.code == "_lastUpdated":
        return [_of_resources([_updated(each) for each in clause.values if isinstance(each, Date)])]
    if parameter.code in {"_content", "_text"}:
        key = CONTENT_KEY if parameter.code == "_content" else NARRATIVE_KEY
        return _words(key, clause.values)
    return [_of_values(clause, types, expand)]


def keys(parameter: Parameter, types: Sequence[str], *, text: bool = False) -> list[int]:
    """The numbers of a parameter in the index: of each type, where it is one of all types; of each of its parts."""
    end = ":text" if text else ""
    if parameter.base == COMMON:
        return [key_of(each, f"{parameter.code}{end}") for each in types]
    if parameter.parts:
        return [key_of(parameter.base, f"{code}{end}") for code in parameter.parts]
    return [parameter.text_key if text else parameter.key]


def _in_table(
    table: str,
    numbers: Sequence[int],
    sides: Sequence[Side],
    *,
    negated: bool = False,
    typed: bool = True,
    apart: bool = True,
) -> Rows:
    """Rows with one of these numbers; `apart` where a resource has rows with no more than one of them."""
    where, arguments = among("{parameter}", numbers)
    single = len(numbers) == 1
    found = tuple(
        Side(f"{where} AND {each.where}", (*arguments, *each.arguments), each.indexed, each.ordered and single)
        for each in sides
    )
    by_type: tuple[Rows, ...] = ()
    if apart and not single and not negated and len(sides) == 1 and sides[0].ordered:
        by_type = tuple(_in_table(table, [number], sides) for number in numbers)
    return Rows(TABLES[table], ("parameter", *COLUMNS[table]), found, negated, by_type, typed)


def _of_resources(sides: Iterable[Side], *, negated: bool = False) -> Rows:
    return Rows(_RESOURCES, ("rid", "type", "id"), tuple(sides), negated)


def _ids(ids: Iterable[str | None], types: Sequence[str]) -> Side:
    where = "{type} IN (SELECT value FROM json_each(?)) AND {id} IN (SELECT value FROM json_each(?))"
    return Side(where, (listed(types), listed(each for each in ids if each)))


def _updated(date: Date) -> Side:
    """The times of change are the rids themselves."""
    low, high = first_rid(date.low), first_rid(date.high)
    if date.prefix in {"eq", "ap"}:
        return Side("{rid} >= ? AND {rid} < ?", (low, high), indexed=False)
    if date.prefix == "ne":
        return Side("({rid} < ? OR {rid} >= ?)", (low, high), indexed=False)
    bounds = {"gt": (">=", high), "sa": (">=", high), "ge": (">=", low), "lt": ("<", low), "eb": ("<", low)}
    sign, bound = bounds.get(date.prefix, ("<", high))
    return Side(f"{{rid}} {sign} ?", (bound,), indexed=False)


def _missing(parameter: Parameter, types: Sequence[str], values: Iterable[Value]) -> Rows:
    wanted = any(isinstance(each, Flag) and each.wanted for each in values)
    if parameter.code in {"_id", "_lastUpdated"}:
        return _of_resources([], negated=not wanted)
    if not parameter.expression:
        key = CONTENT_KEY if parameter.code == "_content" else NARRATIVE_KEY
        return _in_table("strings", [key], [Side("1", indexed=False)], negated=wanted, typed=False)
    numbers = keys(parameter, types)
    return _in_table(_TABLE_OF[parameter.type], numbers, [Side("1", indexed=False)], negated=wanted)


def _words(key: int, values: Iterable[Value]) -> list[Rows]:
    """All words of one of the values; a single value is one condition a word, so that the rarest leads."""
    texts = [folded(each.text).split() for each in values if isinstance(each, Text)]
    if len(texts) == 1:
        return [_in_table("strings", [key], [_equal("folded", word)], typed=False) for word in texts[0]]
    return [_in_table("strings", [key], [_equal("folded", word) for words in texts for word in words[:1]], typed=False)]


def _equal(column: str, value: Any) -> Side:
    return Side(f"{{{column}}} = ?", (value,), ordered=True)


def _of_values(clause: Clause, types: Sequence[str], expand: Callable[[str], Codes | None]) -> Rows:
    parameter, modifier = clause.parameter, clause.modifier
    numbers, apart = keys(parameter, types), not parameter.parts
    if modifier == "text":
        sides = [_begins("folded", folded(each.text)) for each in clause.values if isinstance(each, Text)]
        return _in_table("strings", keys(parameter, types, text=True), sides, apart=apart)
    if modifier in {"in", "not-in"}:
        tokens = [each for value in clause.values for each in _value_set(parameter, modifier, value, expand)]
        return _in_table("tokens", numbers, _tokens(tokens), negated=modifier == "not-in", apart=apart)
    if parameter.type == "token":
        tokens = [each for each in clause.values if isinstance(each, Token)]
        return _in_table("tokens", numbers, _tokens(tokens), negated=modifier == "not", apart=apart)
    if parameter.type == "reference":
        targets = [each for value in clause.values if isinstance(value, Targets) for each in value.targets]
        return _in_table("references", numbers, [_any_of("target", targets)])
    make = _SIDES[parameter.type]
    sides = [side for each in clause.values for side in make(each, modifier)]
    return _in_table(_TABLE_OF[parameter.type], numbers, sides, apart=apart)


def _value_set(parameter: Parameter, modifier: str, value: Value, expand: Callable[[str], Codes | None]) -> list[Token]:
    url = value.text if isinstance(value, Text) else ""
    codes = expand(url)
    if codes is None:
        raise SearchError(f'The value set "{url}" of {parameter.code}:{modifier} is not in the store, or has no codes.')
    return [Token(code, system or None) for system, code in codes]


def _any_of(column: str, values: Sequence[Any]) -> Side:
    where, arguments = among(f"{{{column}}}", values)
    return Side(where, tuple(arguments), ordered=len(values) == 1)


def _tokens(tokens: Sequence[Token]) -> list[Side]:
    """Codes of the same system together."""
    by_system: dict[str | None, list[str]] = {}
    sides = []
    whole = [each.system for each in tokens if each.code is None]
    if whole:
        systems = listed({system_key(each or "") for each in whole})
        sides.append(Side("{system} IN (SELECT value FROM json_each(?))", (systems,), indexed=False))
    for each in tokens:
        if each.code is not None:
            by_system.setdefault(each.system, []).append(each.code)
    if len(by_system) > MOST_VALUES:
        raise SearchError(f"Codes of {len(by_system)} systems are too many; up to {MOST_VALUES} are searched at once.")
    for system, codes in by_system.items():
        side = _any_of("code", codes)
        if system is None:
            sides.append(side)
        else:
            where = f"{side.where} AND {{system}} IN (?, ?)"
            sides.append(Side(where, (*side.arguments, system_key(system), ANY_SYSTEM), ordered=side.ordered))
    return sides


_NOTHING = Side("0", indexed=False)


def _begins(column: str, text: str) -> Side:
    """What begins so. A text of nothing but punctuation finds nothing: it would name everything that has the value."""
    if not text:
        return _NOTHING
    return Side(f"{{{column}}} >= ? AND {{{column}}} < ?", (text, text + _LAST_LETTER))


def _string(text: Value, modifier: str) -> list[Side]:
    assert isinstance(text, Text)
    plain = folded(text.text)
    if modifier == "exact":
        return [Side("{folded} = ? AND {exact} = ?", (plain, text.text), ordered=True)]
    if modifier == "contains":
        return [Side("instr({folded}, ?) > 0", (plain,), indexed=False) if plain else _NOTHING]
    return [_begins("folded", plain)]


def _uri(uri: Value, modifier: str) -> list[Side]:
    assert isinstance(uri, Text)
    if modifier == "below":
        return [_begins("uri", uri.text)]
    return [_any_of("uri", above(uri.text) if modifier == "above" else [uri.text])]


def above(uri: str) -> list[str]:
    """A URI and all that it lies below, by its slashes."""
    parts = uri.split("/")
    wholes = ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]
    return list(dict.fromkeys([*wholes, *(f"{each}/" for each in wholes[:-1])]))


def _dates(date: Value, _: str) -> list[Side]:
    return [_date(date)]


def _date(date: Value) -> Side:
    """FHIR, search: prefixes; a value is an interval, and what is searched is one too."""
    assert isinstance(date, Date)
    low, high = date.low, date.high
    match date.prefix:
        case "eq":
            return Side("{low} >= ? AND {low} < ? AND {high} <= ?", (low, high, high))
        case "ne":
            return Side("({low} < ? OR {high} > ?)", (low, high), indexed=False)
        case "gt":
            return Side("{high} > ?", (high,))
        case "lt":
            return Side("{low} < ?", (low,))
        case "ge":
            return Side("{high} > ? AND ({high} > ? OR {low} >= ?)", (low, high, low))
        case "le":
            return Side("{low} < ? AND ({low} < ? OR {high} <= ?)", (high, low, high))
        case "sa":
            return Side("{low} >= ?", (high,))
        case "eb":
            return Side("{high} <= ?", (low,))
        case _:
            return Side("{low} < ? AND {high} > ?", (high, low))


def _numbers(number: Value, _: str) -> list[Side]:
    """FHIR, search: prefixes; the precision of what is searched counts only for being equal, or not."""
    assert isinstance(number, Number)
    exact, low, high = number.exact, number.low, number.high
    match number.prefix:
        case "eq":
            return [Side("{low} >= ? AND {low} < ? AND {high} < ?", (low, high, high))]
        case "ne":
            return [Side("({low} < ? OR {high} >= ?)", (low, high), indexed=False)]
        case "gt":
            return [Side("{low} > ?", (exact,)), Side("{high} <> {low} AND {high} > ?", (exact,))]
        case "lt":
            return [Side("{low} < ?", (exact,))]
        case "ge":
            return [Side("{low} >= ?", (exact,)), Side("{high} <> {low} AND {high} >= ?", (exact,))]
        case "le":
            return [Side("{low} <= ?", (exact,))]
        case "sa":
            return [Side("{low} > ?", (exact,))]
        case "eb":
            return [Side("{low} < ? AND {high} < ?", (exact, exact))]
        case _:
            return [Side("{low} <= ? AND {high} >= ?", (high, low))]


def _quantities(quantity: Value, _: str) -> list[Side]:
    assert isinstance(quantity, Quantity)
    return [_with_unit(side, quantity, "code", "system") for side in _numbers(quantity.number, "")]


def _with_unit(side: Side, quantity: Quantity, code: str, system: str) -> Side:
    where, arguments = _unit(quantity, code, system)
    return Side(side.where + where, (*side.arguments, *arguments), side.indexed)


def _unit(quantity: Quantity, code: str, system: str) -> tuple[str, tuple[Any, ...]]:
    """FHIR, search: quantity; without a system, a code may be the unit as it is shown."""
    where, arguments = "", tuple[Any, ...]()
    if quantity.system is not None:
        where, arguments = f" AND {{{system}}} = ?", (system_key(quantity.system),)
    if quantity.code is None:
        return where, arguments
    if quantity.system is not None:
        return f"{where} AND {{{code}}} = ?", (*arguments, quantity.code)
    return f" AND ({{{code}}} = ? OR {{unit}} = ?)", (quantity.code, quantity.code)


def _pairs(pair: Value, _: str) -> list[Side]:
    """The code leads, then the value."""
    assert isinstance(pair, Pair)
    (code,) = _tokens([pair.code])
    return [
        Side(f"{code.where} AND {side.where}", (*code.arguments, *side.arguments), code.indexed)
        for side in _second(pair.value)
    ]


def _second(value: Value) -> list[Side]:
    if isinstance(value, Quantity):
        return [_with_unit(side, value, "value", "value_system") for side in _numbers(value.number, "")]
    if isinstance(value, Date):
        return [_date(value)]
    if isinstance(value, Token):
        side = _second_token(value)
    elif isinstance(value, Targets):
        side = _any_of("value", value.targets)
    else:
        assert isinstance(value, Text)
        side = _begins("value", folded(value.text))
    return [Side(f"{{low}} = 0 AND {side.where}", side.arguments)]


def _second_token(token: Token) -> Side:
    where: list[str] = []
    arguments: list[Any] = []
    if token.code is not None:
        where.append("{value} = ?")
        arguments.append(token.code)
    if token.system is not None:
        where.append("{value_system} IN (?, ?)")
        arguments += [system_key(token.system), ANY_SYSTEM]
    return Side(" AND ".join(where) or "1", tuple(arguments))


_SIDES: dict[str, Callable[[Value, str], list[Side]]] = {
    "string": _string,
    "uri": _uri,
    "date": _dates,
    "number": _numbers,
    "quantity": _quantities,
    "composite": _pairs,
}
