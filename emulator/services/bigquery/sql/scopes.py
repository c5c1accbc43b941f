"""What a name means at a place of a statement: the columns of the sources that are visible there, and their types."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from emulator.services.bigquery.sql.errors import SqlError
from emulator.services.bigquery.sql.kinds import JSON, Kind
from emulator.services.bigquery.sql.pseudo import KINDS

Columns = list[tuple[str, Kind | None]]  # names, "" for those that have none, and types


@dataclass
class Source:
    """One source of a FROM clause. columns is None where they cannot be told; value is what the name alone means.

    path is the full name of a table, since columns may be written with it.
    """

    name: str
    columns: Columns | None
    value: Kind | None = None
    path: tuple[str, ...] = ()
    merged: set[str] = field(default_factory=set)  # columns of USING, which the join before shows

    def column(self, name: str) -> list[Kind | None]:
        """The types of the columns of that name: none, one, or several."""
        found = [kind for own, kind in self.columns or () if own.lower() == name.lower()]
        return found or ([KINDS[name.lower()]] if self.path and name.lower() in KINDS else [])


Level = list[Source]


def meaning(path: Sequence[str], levels: Sequence[Level]) -> Kind | None:
    """The type of what a path of names means, innermost sources first; None where it cannot be told."""
    names = [name.lower() for name in path]
    for level in levels:
        found = _column(names, level)
        if found is not None:
            return found[0]
        if any(source.columns is None for source in level):
            return None
    return None


def is_unknown(name: str, levels: Sequence[Level]) -> bool:
    """Whether a name means nothing in any source; False where the columns of one cannot be told."""
    return all(
        _column([name.lower()], level) is None and all(source.columns is not None for source in level)
        for level in levels
    )


def is_known(path: Sequence[str], levels: Sequence[Level]) -> bool:
    """Whether a path of names means something in a source whose columns can be told."""
    names = [name.lower() for name in path]
    return any(_column(names, level) is not None for level in levels)


def outer_source(name: str, levels: Sequence[Level]) -> str:
    """The name of the source around the innermost ones that a column is of; "" where it is of these, or not known."""
    for number, level in enumerate(levels):
        if any(source.columns is None for source in level):
            return ""
        for source in level:
            if source.column(name) or source.name == name.lower():
                return source.name if number else ""
    return ""


def _column(names: list[str], level: Level) -> tuple[Kind | None] | None:
    """What the names mean among some sources, as a tuple of one; None where they mean nothing there."""
    for source in level:
        skipped = _qualified(names, source)
        if skipped and len(names) > skipped:
            if source.columns is None:
                return (None,)
            kinds = source.column(names[skipped])
            _refuse_twice(names[skipped], kinds)
            if kinds:
                return (inside(kinds[0], names[skipped + 1 :]),)
    for source in level:
        _refuse_twice(names[0], source.column(names[0]))
    kinds = [kind for source in level if names[0] not in source.merged for kind in source.column(names[0])]
    if kinds:
        same = all(kind == kinds[0] for kind in kinds)
        return (inside(kinds[0] if same else None, names[1:]),)
    for source in level:
        if source.name and source.name == names[0] and len(names) == 1:
            return (whole(source),)
    return None


def _refuse_twice(name: str, kinds: Sequence[Kind | None]) -> None:
    """Raise SqlError where one source has several columns of a name."""
    if len(kinds) > 1:
        raise SqlError(f"Column name {name} is ambiguous")


def _qualified(names: list[str], source: Source) -> int:
    """How many names in front name the source itself."""
    if source.name and names[0] == source.name:
        return 1
    for count in range(2, len(source.path) + 1):
        if tuple(names[:count]) == source.path[-count:]:
            return count
    return 0


def whole(source: Source) -> Kind | None:
    """The type of a row of a source."""
    if source.value is not None:
        return source.value
    return Kind("STRUCT", fields=tuple(source.columns)) if source.columns is not None else None


def inside(kind: Kind | None, names: Sequence[str]) -> Kind | None:
    """The type of a field inside a value."""
    for name in names:
        if kind is None or kind == JSON:
            return kind
        kind = kind.field(name)
    return kind
