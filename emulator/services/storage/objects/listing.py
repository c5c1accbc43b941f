"""objects.list: pages of objects and common prefixes, in the order of their UTF-8 names.

What lies under a common prefix is skipped in one step, so a listing costs as much as it answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from emulator.gateway import paging
from emulator.services.storage import errors
from emulator.services.storage.names import successor
from emulator.services.storage.objects.globs import compile_glob, literal_prefix
from emulator.services.storage.objects.rows import Reader, StoredObject, scan
from emulator.services.storage.tables import LIVE, NONCURRENT, SOFT_DELETED

MAX_RESULTS = 1000
_FEW = 4
Cursor = tuple[str, int]


@dataclass(frozen=True)
class ListQuery:
    """What is asked: the query parameters of objects.list."""

    prefix: str = ""
    delimiter: str = ""
    trailing_delimiter: bool = False
    start: str = ""
    stop: str | None = None
    glob: Callable[[str], bool] | None = None
    states: tuple[int, ...] = (LIVE,)
    limit: int = MAX_RESULTS
    cursor: Cursor | None = None

    @classmethod
    def of(cls, query: Mapping[str, Any]) -> ListQuery:
        """Read the typed query parameters. Raises 400 for those that contradict each other and for a bad page token."""
        prefix, glob = query.get("prefix", ""), query.get("matchGlob")
        delimiter = query.get("delimiter", "")
        versions, soft = query.get("versions", False), query.get("softDeleted", False)
        if versions and soft:
            raise errors.invalid("versions and softDeleted cannot both be true.")
        if glob is not None and delimiter not in ("", "/"):
            raise errors.invalid("With matchGlob the only delimiter allowed is '/'.")
        if query.get("filter"):
            raise errors.not_emulated("Filtering by object contexts (filter)")
        if glob is not None and not prefix:
            prefix = literal_prefix(glob)
        ends = [end for end in (successor(prefix), query.get("endOffset")) if end]
        page = asked_page(query)
        return cls(
            prefix=prefix,
            delimiter=delimiter,
            trailing_delimiter=query.get("includeTrailingDelimiter", False),
            start=max(prefix, query.get("startOffset", ""), key=_bytes),
            stop=min(ends, key=_bytes) if ends else None,
            glob=compile_glob(glob) if glob is not None else None,
            states=(SOFT_DELETED,) if soft else (LIVE, NONCURRENT) if versions else (LIVE,),
            limit=page.size,
            cursor=None if page.after is None else (page.after[0], page.after[1]),
        )


@dataclass
class Listing:
    """A page: objects, common prefixes, and the token of the next page where there is one."""

    items: list[StoredObject] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    next_token: str | None = None


def page(reader: Reader, bucket: str, query: ListQuery) -> Listing:
    """One page of a bucket."""
    listing = Listing()
    cursor = query.cursor or (query.start, -1)
    entries = _Entries(reader, bucket, query, cursor)
    for count, (entry, is_object, common, after) in enumerate(entries):
        if count >= query.limit:
            listing.next_token = paging.encode(*cursor)
            break
        if is_object:
            listing.items.append(entry)
        if common:
            listing.prefixes.append(common)
        cursor = after
    return listing


class _Entries:
    """Every entry from a cursor on: (object, whether it is listed itself, its common prefix, the cursor after it)."""

    def __init__(self, reader: Reader, bucket: str, query: ListQuery, cursor: Cursor) -> None:
        self._reader = reader
        self._bucket = bucket
        self._query = query
        self._cursor = cursor
        # Few rows at first where a common prefix may end the read early, more with each read that it did not.
        self._size = _FEW if query.delimiter else MAX_RESULTS if query.glob else query.limit + 1

    def __iter__(self) -> Iterator[tuple[StoredObject, bool, str, Cursor]]:
        query = self._query
        while True:
            rows = self._rows()
            jumped = False
            for row in rows:
                after: Cursor = (row.name, row.generation)
                if query.glob is not None and not query.glob(row.name):
                    self._cursor = after
                    continue
                common = self._common_prefix(row.name)
                if common:
                    beyond = successor(common)
                    listed = query.trailing_delimiter and row.name == common
                    yield row, listed, common, (beyond or "\U0010ffff" * 300, -1)
                    if beyond is None:
                        return
                    self._cursor = (beyond, -1)
                    self._size = _FEW
                    jumped = True
                    break
                yield row, True, "", after
                self._cursor = after
            if jumped:
                continue
            if len(rows) < self._size:
                return
            self._size = min(self._size * 4, MAX_RESULTS)

    def _rows(self) -> list[StoredObject]:
        name, generation = self._cursor
        return scan(
            self._reader,
            self._bucket,
            states=self._query.states,
            start=name,
            after=generation,
            stop=self._query.stop,
            limit=self._size,
        )

    def _common_prefix(self, name: str) -> str:
        delimiter = self._query.delimiter
        if not delimiter:
            return ""
        at = name.find(delimiter, len(self._query.prefix))
        return name[: at + len(delimiter)] if at >= 0 else ""


def asked_page(query: Mapping[str, Any]) -> paging.Asked:
    """The page that a list of objects or buckets asks for: after a name and a generation. Raises 400."""
    return paging.asked(query, MAX_RESULTS, MAX_RESULTS, str, int, size="maxResults", refuse=errors.invalid)


def _bytes(name: str) -> bytes:
    return name.encode("utf-8", "surrogatepass")
