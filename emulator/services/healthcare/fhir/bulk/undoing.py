"""What a rollback makes of a resource, from its versions: pure rules, as Google describes them for recovery."""

from collections.abc import Sequence
from dataclasses import dataclass

from emulator.fhir import parsing
from emulator.gateway.filters import Predicate
from emulator.services.healthcare.fhir.stored import Version

NOT_KEPT = "The version of that time is not kept: an import or a purge took it away."


@dataclass(frozen=True, slots=True)
class Kept:
    """A version that is kept."""

    version: Version
    operation: str
    """The number of the operation that made it, "" for a request."""
    forgotten: int
    """When the first of those was made that are missing just before it, in microseconds since 1970; 0 for none."""


@dataclass(frozen=True)
class Wanted:
    """What is to be rolled back.

    time        changes after it, in microseconds since 1970
    change      CREATE, UPDATE or DELETE: what the changes come to; "" for any
    operations  resources that one of them changed; none for all
    excluded    operations whose changes stay
    keep        whether the resource's last meta fits
    """

    time: int
    change: str = ""
    operations: frozenset[str] = frozenset()
    excluded: frozenset[str] = frozenset()
    keep: Predicate = lambda _meta: True


@dataclass(frozen=True, slots=True)
class Plan:
    """A resource that is to be as it was: its version now, the one to restore, and why that can't be done.

    to is None for a resource that was not there.
    """

    now: Version
    to: Version | None
    problem: str = ""

    @property
    def recreates(self) -> bool:
        """Whether a resource that is deleted comes back."""
        return self.now.deleted and self.to is not None


def plan(kept: Sequence[Kept], wanted: Wanted) -> Plan | None:
    """What to do with a resource, whose versions come from the newest to the one of the time; None for nothing."""
    undone = [each for each in kept if each.version.at > wanted.time and each.operation not in wanted.excluded]
    if not undone or (wanted.operations and not any(each.operation in wanted.operations for each in undone)):
        return None
    newer = [each for each in kept if each.version.at > wanted.time]
    at = next((n for n, each in enumerate(newer) if each.operation in wanted.excluded), len(newer))
    now, target = kept[0].version, kept[at].version if at < len(kept) else None
    to = None if target is None or target.deleted else target
    if not _changes(now, to, wanted.change) or not wanted.keep(_meta(kept)):
        return None
    lost = any(0 < each.forgotten <= wanted.time for each in kept[:at])
    return Plan(now, to, NOT_KEPT if lost else "")


def _changes(now: Version, to: Version | None, wanted: str) -> bool:
    """Whether the changes come to something, and to what is wanted."""
    if to is None:
        return not now.deleted and wanted in ("", "CREATE")
    if now.deleted:
        return wanted in ("", "DELETE")
    return wanted in ("", "UPDATE") and (now.blob != to.blob or _content(now) != _content(to))


def _content(version: Version) -> bytes:
    resource = parsing.parse(version.body, None)
    meta = {name: value for name, value in resource["meta"].items() if name not in ("versionId", "lastUpdated")}
    return parsing.canonical({**resource, "meta": meta})


def _meta(kept: Sequence[Kept]) -> parsing.Json:
    """The meta of the last version that was no deletion."""
    live = next((each.version for each in kept if not each.version.deleted), None)
    return {} if live is None else parsing.parse(live.body, None)["meta"]
