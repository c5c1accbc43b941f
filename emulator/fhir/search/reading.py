"""Queries as they come, names and values, read as `Query` (FHIR, search; Cloud Healthcare: searching for resources).

What is unknown is ignored and reported, or refused where the search is strict; a value that cannot be read, and a
modifier that does not fit, are always refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from emulator.fhir.search import values
from emulator.fhir.search.clauses import MOST_VALUES
from emulator.fhir.search.errors import SearchError
from emulator.fhir.search.index import relative
from emulator.fhir.search.parameters import COMMON, Parameter, Parameters
from emulator.fhir.search.query import Chain, Clause, Condition, Has, Include, Query, Sort
from emulator.fhir.search.single import is_single
from emulator.fhir.search.values import Targets, Value

DEFAULT_COUNT, MOST_COUNT = 100, 1000
"""Matches on a page (Cloud Healthcare: searching for resources)."""
MOST_LISTED = 2000
"""Codes, references or ids of a parameter that are apart by commas; of other values MOST_VALUES."""
DEEPEST = 5
"""Steps of a chain."""
WIDEST, MOST_STEPS = 200, 2000
"""Conditions that a chain without types comes to, and what is tried to find them."""
MOST_PARTS = 100
"""Names and values of a search."""

_TOO_WIDE = "A chain leads to too many types; name the types, as in subject:Patient.name."
_SORTABLE = ("number", "date", "string", "token", "quantity")
_MODIFIERS = {
    "token": {"not", "text", "in", "not-in"},
    "string": {"exact", "contains"},
    "uri": {"above", "below"},
}
_LISTED = {"token", "reference"}
_COUNT = re.compile(r"\d{1,9}", re.ASCII)
_UNSUPPORTED = {"_query", "_filter", "_list", "_contained", "_containedType", "_in"}


class _TooWideError(SearchError):
    """A chain to too many types, which no other type makes right."""


class _Unknown(Exception):
    """What a search that is not strict ignores; the message says why."""


class Reader:
    """Reads the searches of a store by its parameters.

    `local` gives the target of a reference's text as the index has it; `now` the time in microseconds since 1970, for
    the prefix `ap`.
    """

    def __init__(
        self, parameters: Parameters, local: Callable[[str], str] = relative, now: Callable[[], int] = lambda: 0
    ) -> None:
        self._parameters = parameters
        self._local = local
        self._now = now

    def read(self, resource_type: str | None, pairs: Iterable[tuple[str, str]], *, strict: bool = False) -> Query:
        """A search of a type, or of the store (None), from the names and values of its query string.

        SearchError for what cannot be read, and in a strict search for what is not known.
        """
        if resource_type is not None:
            self._parameters.of(resource_type)
        pairs = [(name, _written(value)) for name, value in pairs]
        if len(pairs) > MOST_PARTS:
            raise SearchError(f"A search of {len(pairs)} parameters is too large; up to {MOST_PARTS} are taken.")
        found = _Found(self._types(resource_type, pairs))
        for name, value in pairs:
            try:
                self._take(found, resource_type, name, value)
            except _Unknown as unknown:
                if strict:
                    raise SearchError(str(unknown)) from None
                found.ignored.append((name, str(unknown)))
            else:
                if name != "_page_token":
                    found.applied.append((name, value))
        found.includes = [each._replace(known=self._known_target(each, found.conditions)) for each in found.includes]
        return found.query()

    def _known_target(self, include: Include, conditions: Iterable[Condition]) -> str:
        """What a condition on the same reference, of which a resource has one, says that all matches refer to."""
        if include.reverse or len(include.parameters) != 1:
            return ""
        (parameter,) = include.parameters
        for each in conditions:
            if isinstance(each, Clause) and each.parameter is parameter and len(each.values) == 1:
                (value,) = each.values
                if not isinstance(value, Targets) or len(value.targets) != 1:
                    continue
                if is_single(self._parameters.version, parameter.base, parameter.expression):
                    return value.targets[0]
        return ""

    def _types(self, resource_type: str | None, pairs: Sequence[tuple[str, str]]) -> tuple[str, ...]:
        if resource_type is not None:
            return (resource_type,)
        named = [each for name, value in pairs if name == "_type" for each in value.split(",") if each]
        for each in named:
            self._parameters.of(each)
        return tuple(dict.fromkeys(named))

    def _take(self, found: _Found, resource_type: str | None, name: str, value: str) -> None:
        """Put a name and its value where they belong. _Unknown for what nobody knows."""
        head, _, modifier = name.partition(":")
        if not name or value == "":
            raise _Unknown(f'The parameter "{name}" has no value.')
        if head in _RESULT:
            if modifier not in _RESULT_MODIFIERS.get(head, {""}):
                raise SearchError(f'The modifier ":{modifier}" of {head} is not supported.')
            _RESULT[head](self, found, modifier, value)
        elif name == "_type" and resource_type is None:
            return
        elif head in _UNSUPPORTED:
            raise _Unknown(f'The parameter "{head}" is not supported.')
        else:
            found.conditions.append(self.condition(resource_type, name, value))

    def condition(self, resource_type: str | None, name: str, value: str) -> Condition:
        """The condition that a parameter and its value make of resources of a type."""
        if name.count(".") + name.count("_has:") > DEEPEST:
            raise SearchError(f'The parameter "{name[:40]}..." is chained more than {DEEPEST} steps deep.')
        return self._condition(resource_type, name, value, iter(range(MOST_STEPS)))

    def _condition(self, resource_type: str | None, name: str, value: str, steps: Iterator[int]) -> Condition:
        if next(steps, None) is None:
            raise _TooWideError(_TOO_WIDE)
        if name.startswith("_has:"):
            return self._has(name, value, steps)
        step, dot, rest = name.partition(".")
        code, _, modifier = step.partition(":")
        parameter = self._find(resource_type, code)
        if dot:
            return self._chain(parameter, modifier, rest, value, steps)
        return self._clause(parameter, modifier, value)

    def _find(self, resource_type: str | None, code: str) -> Parameter:
        parameter = self._parameters.find(resource_type, code)
        if parameter is not None:
            return parameter
        where = f"of {resource_type}" if resource_type else "of all resource types"
        if code in self._parameters.left_out.get(resource_type or COMMON, ()):
            raise _Unknown(f'The parameter "{code}" {where} is not supported.')
        raise _Unknown(f'no such search parameter: "{code}" {where}')

    def _has(self, name: str, value: str, steps: Iterator[int]) -> Has:
        parts = name.split(":", 3)
        if len(parts) < 4 or not all(parts):
            raise SearchError(f'Invalid parameter "{name}": it must be like _has:Observation:patient:code.')
        parameter = self._find(self._known(parts[1], name), parts[2])
        if parameter.type != "reference":
            raise SearchError(f'Invalid parameter "{name}": "{parts[2]}" of {parts[1]} is no reference.')
        return Has(parameter, self._condition(parts[1], parts[3], value, steps))

    def _known(self, resource_type: str, name: str) -> str:
        if resource_type not in self._parameters.types:
            raise SearchError(f'Invalid parameter "{name}": "{resource_type}" is no resource type.')
        return resource_type

    def _chain(self, parameter: Parameter, modifier: str, rest: str, value: str, steps: Iterator[int]) -> Chain:
        name = f"{parameter.code}.{rest}"
        if parameter.type != "reference":
            raise SearchError(f'Invalid parameter "{name}": "{parameter.code}" is no reference.')
        if modifier:
            types: Iterable[str] = (self._known(modifier, name),)
        else:
            types = self._targets(parameter)
        targets: list[tuple[str, Condition]] = []
        wrong: list[SearchError] = []
        for each in types:
            try:
                targets.append((each, self._condition(each, rest, value, steps)))
            except _TooWideError:
                raise
            except _Unknown:
                continue
            except SearchError as error:  # the value may be one for another type
                wrong.append(error)
            if sum(_width(inside) for _, inside in targets) > WIDEST:
                raise _TooWideError(_TOO_WIDE)
        if not targets:
            raise wrong[0] if wrong else _Unknown(f'Nothing that "{parameter.code}" points at has a "{rest}".')
        return Chain(parameter, tuple(targets))

    def _targets(self, parameter: Parameter) -> Sequence[str]:
        named = [each for each in parameter.targets if each in self._parameters.types]
        return named or sorted(self._parameters.types)

    def _clause(self, parameter: Parameter, modifier: str, value: str) -> Clause:
        if modifier == "missing":
            return Clause(parameter, modifier, (self._flag(parameter, value),))
        type_named = parameter.type == "reference" and modifier in self._parameters.types
        if modifier and not type_named:
            self._check_modifier(parameter, modifier)
        parts = [each for each in values.split(value, ",") if each]
        most = MOST_LISTED if parameter.type in _LISTED else MOST_VALUES
        if len(parts) > most:
            raise SearchError(f'The parameter "{parameter.code}" has {len(parts)} values; up to {most} are allowed.')
        if not parts:
            raise _Unknown(f'The parameter "{parameter.code}" has no value.')
        types = (modifier,) if type_named else ()
        read = tuple(self._value(parameter, modifier, types, each) for each in parts)
        return Clause(parameter, "" if type_named else modifier, read)

    def _check_modifier(self, parameter: Parameter, modifier: str) -> None:
        known = _MODIFIERS.get(parameter.type, set())
        if self._parameters.version == "R5":
            known = known - {"above", "below"}
        if modifier not in known or not parameter.expression:
            raise SearchError(f'The modifier ":{modifier}" is not supported for the parameter "{parameter.code}".')

    def _flag(self, parameter: Parameter, value: str) -> Value:
        if value not in {"true", "false"}:
            raise SearchError(f'Invalid value "{value}" of {parameter.code}:missing: it must be true or false.')
        return values.Flag(value == "true")

    def _value(self, parameter: Parameter, modifier: str, types: tuple[str, ...], text: str) -> Value:
        kind = parameter.type
        if modifier in {"text", "in", "not-in"} or kind in {"string", "uri"}:
            return values.Text(values.unescaped(text))
        if kind == "composite":
            return self._pair(parameter, text)
        if kind == "reference":
            return self._reference(types or tuple(self._targets(parameter)), text, typed=bool(types))
        return self._single(kind, parameter.code, text)

    def _reference(self, types: tuple[str, ...], text: str, *, typed: bool) -> Value:
        """What a reference may point at; with a type before it, only what is of that type by its text."""
        found = values.targets(text, types, self._local)
        if not typed:
            return found
        fitting = (each for each in found.targets if f"/{types[0]}/" in f"/{each}")
        return values.Targets(tuple(fitting))

    def _single(self, kind: str, name: str, text: str) -> Value:
        if kind == "token":
            return values.token(text)
        if kind == "date":
            return values.date(text, self._now())
        if kind == "number":
            return values.number(name, text)
        return values.quantity(name, text)

    def _pair(self, parameter: Parameter, text: str) -> Value:
        parts = values.split(text, "$")
        if len(parts) != 2:
            wanted = "it must be two values with $ between, such as 8480-6$gt120"
            raise SearchError(f'Invalid value "{text}" of {parameter.code}: {wanted}.')
        second = parameter.components[1]
        if second.type == "string":
            value: Value = values.Text(values.unescaped(parts[1]))
        elif second.type == "reference":
            value = values.targets(parts[1], tuple(sorted(self._parameters.types)), self._local)
        else:
            value = self._single(second.type, parameter.code, parts[1])
        return values.Pair(values.token(parts[0]), value)

    def sort(self, found: _Found, modifier: str, value: str) -> None:
        """_sort=a,-b; the older _sort:desc=a. What is named again has no say: its first place decides."""
        for each in value.split(","):
            code = each.removeprefix("-").strip()
            parameter = self._find(found.types[0] if len(found.types) == 1 else None, code)
            if parameter.type not in _SORTABLE or not parameter.expression:
                raise _Unknown(f'Searches cannot be sorted by "{code}", which is of type {parameter.type}.')
            if all(parameter != other.parameter for other in found.sorts):
                found.sorts.append(Sort(parameter, each.startswith("-") or modifier == "desc"))
            if len(found.sorts) > MOST_PARTS:
                raise SearchError(f"A search that sorts by more than {MOST_PARTS} parameters is too large.")

    def include(self, found: _Found, modifier: str, value: str) -> None:
        """_include=Observation:subject[:Patient], Observation:* or *."""
        if value == "*":
            for each in found.types or sorted(self._parameters.types):
                found.includes.append(self._included(each, "*", "", reverse=False, iterate=bool(modifier)))
        else:
            found.includes.append(self._read_include("_include", value, reverse=False, iterate=bool(modifier)))

    def revinclude(self, found: _Found, modifier: str, value: str) -> None:
        """_revinclude=Observation:subject[:Patient]."""
        found.includes.append(self._read_include("_revinclude", value, reverse=True, iterate=bool(modifier)))

    def _read_include(self, name: str, value: str, *, reverse: bool, iterate: bool) -> Include:
        parts = value.split(":")
        if len(parts) not in {2, 3} or not all(parts):
            raise SearchError(f"invalid {name} query: {value}")
        for each in parts[::2]:
            if each not in self._parameters.types:
                raise SearchError(f'invalid {name} query: {value}: "{each}" is no resource type.')
        return self._included(parts[0], parts[1], "".join(parts[2:]), reverse=reverse, iterate=iterate)

    def _included(self, source: str, code: str, target: str, *, reverse: bool, iterate: bool) -> Include:
        known = self._parameters.of(source)
        if code == "*":
            wanted = tuple(each for each in known.values() if each.type == "reference")
        elif code in known and known[code].type == "reference":
            wanted = (known[code],)
        else:
            name = "_revinclude" if reverse else "_include"
            raise SearchError(f'invalid {name} query: {source}:{code}: "{code}" is no reference of {source}.')
        return Include(source, wanted, target, reverse, iterate)


class _Found:
    """What has been read of a query so far."""

    def __init__(self, types: tuple[str, ...]) -> None:
        self.types = types
        self.conditions: list[Condition] = []
        self.sorts: list[Sort] = []
        self.includes: list[Include] = []
        self.elements: tuple[str, ...] = ()
        self.count = DEFAULT_COUNT
        self.summary = self.total = self.page_token = ""
        self.applied: list[tuple[str, str]] = []
        self.ignored: list[tuple[str, str]] = []

    def query(self) -> Query:
        """All of it."""
        return Query(
            self.types,
            tuple(self.conditions),
            tuple(self.sorts),
            self.count,
            tuple(self.includes),
            self.elements,
            self.summary,
            self.total,
            self.page_token,
            tuple(self.applied),
            tuple(self.ignored),
        )


def _width(condition: Condition) -> int:
    """How many conditions there are within one."""
    if isinstance(condition, Chain):
        return sum(_width(inside) for _, inside in condition.targets)
    return _width(condition.condition) if isinstance(condition, Has) else 1


def _written(text: str) -> str:
    """A text as UTF-8 can write it."""
    return text if text.isascii() else text.encode(errors="replace").decode()


def _count(_: Reader, found: _Found, _modifier: str, value: str) -> None:
    if not _COUNT.fullmatch(value):
        raise SearchError(f'Invalid value "{value}" of _count: it must be a whole number from 0 to {MOST_COUNT}.')
    found.count = min(int(value), MOST_COUNT)


def _elements(_: Reader, found: _Found, _modifier: str, value: str) -> None:
    found.elements = (*found.elements, *(each.strip() for each in value.split(",") if each.strip()))


def _summary(_: Reader, found: _Found, _modifier: str, value: str) -> None:
    if value in {"true", "count"}:
        raise _Unknown(f'The value "{value}" of _summary is not supported; text, data and false are.')
    if value not in {"text", "data", "false"}:
        raise SearchError(f'Invalid value "{value}" of _summary: it must be text, data or false.')
    found.summary = "" if value == "false" else value


def _total(_: Reader, found: _Found, _modifier: str, value: str) -> None:
    if value not in {"none", "estimate", "accurate"}:
        raise SearchError(f'Invalid value "{value}" of _total: it must be none, estimate or accurate.')
    found.total = value


def _page_token(_: Reader, found: _Found, _modifier: str, value: str) -> None:
    found.page_token = value


def _dropped(_: Reader, _found: _Found, _modifier: str, _value: str) -> None:
    """_format and _pretty change nothing: answers are JSON."""


_RESULT: dict[str, Callable[[Reader, _Found, str, str], None]] = {
    "_count": _count,
    "_elements": _elements,
    "_format": _dropped,
    "_include": Reader.include,
    "_page_token": _page_token,
    "_pretty": _dropped,
    "_revinclude": Reader.revinclude,
    "_sort": Reader.sort,
    "_summary": _summary,
    "_total": _total,
}
_RESULT_MODIFIERS = {
    "_include": {"", "iterate", "recurse"},
    "_revinclude": {"", "iterate", "recurse"},
    "_sort": {"", "asc", "desc"},
}
