"""The objects that a gs:// URI with wildcards names (Cloud Healthcare: dicomStores.import, gcsSource.uri)."""

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emulator import patterns
from emulator.errors import ApiError, invalid_argument
from emulator.services.healthcare import agent
from emulator.services.healthcare.transfer.steps import Problem
from emulator.services.storage import api
from emulator.services.storage.api import StoredObject
from emulator.services.storage.uris import GsUri

if TYPE_CHECKING:
    from emulator.context import Context

_GET = "storage.objects.get"
_WILDCARD = re.compile(r"\*\*|\*|\?")
_DOUBLE = re.compile(r"[^*?]*\*\*(\.[^*?/]*)?")


@dataclass(frozen=True, slots=True)
class Source:
    """A bucket, the fixed start of the names in it, what a whole name must look like, and whether it has wildcards."""

    bucket: str
    prefix: str
    matches: Callable[[str], bool]
    wild: bool


def parse(uri: str) -> Source:
    """Read a source: `*` is anything but a slash, `?` one such character, `**` anything at all.

    400 where `**` stands elsewhere than at the end or before an extension, or with another wildcard.
    """
    parsed = GsUri.parse(uri, "gcsSource.uri")
    bucket, name = parsed.bucket, parsed.name
    if "**" in name and not _DOUBLE.fullmatch(name):
        raise invalid_argument(
            f'Invalid gcsSource.uri "{uri[:200]}": ** can stand at the end or before an extension only, and takes no '
            "other wildcard beside it."
        )
    pattern, position = "", 0
    for wildcard in _WILDCARD.finditer(name):
        pattern += re.escape(name[position : wildcard.start()])
        pattern += {"**": ".*", "*": "[^/]*", "?": "[^/]"}[wildcard[0]]
        position = wildcard.end()
    pattern += re.escape(name[position:])
    first = _WILDCARD.search(name)
    prefix = name[: first.start()] if first else name
    try:
        matches = patterns.whole(pattern, len(_WILDCARD.findall(name)))
    except ValueError as problem:
        raise invalid_argument(f'Invalid gcsSource.uri "{uri[:200]}": {problem}.') from None
    return Source(bucket, prefix, matches, wild=first is not None)


def objects(context: "Context", source: Source, first: str = "") -> Iterator[StoredObject]:
    """The objects of a source in the order of their names, from `first` on. Folders are left out."""
    for found in api.iter_objects(context, source.bucket, source.prefix):
        if found.name >= first and not found.name.endswith("/") and source.matches(found.name):
            yield found


def require_readable(context: "Context", store: str, source: Source) -> None:
    """Raise Google's message where a store's agent may not list the bucket for wildcards, or read none of the objects.

    400 where the bucket has requesters pay.
    """
    if source.wild and not agent.may(context, store, "storage.objects.list", source.bucket):
        raise agent.lacks_permission("Cloud Storage")
    named = (found.name for found in objects(context, source))
    first = next(named, source.prefix)
    if not any(agent.may(context, store, _GET, source.bucket, name) for name in itertools.chain((first,), named)):
        raise agent.lacks_permission("Cloud Storage")
    api.require_payer(context, source.bucket, agent.principal(context, store))


def unreadable(context: "Context", store: str, found: StoredObject) -> Problem | None:
    """Why a store's agent can't read an object: it may not, or the object's key can't decrypt it. None where it can."""
    if not agent.may(context, store, _GET, found.bucket, found.name):
        return Problem(7, agent.lacks_permission("Cloud Storage").message)
    try:
        api.require_open(context, found)
    except ApiError as problem:
        return Problem(problem.rpc_code, problem.message)
    return None
