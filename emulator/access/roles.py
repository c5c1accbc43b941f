"""Google's predefined roles: which permissions a role grants, read from emulator/data/roles.

Each file there names its documentation pages, the permissions of its services (one entry a collection), sets of
patterns used by several roles, and the roles: a title, then patterns. A pattern is ``service.collection.verb``; each
part may be ``*`` or ``{a,b}``; ``@name`` stands for a set of the same file; a leading ``-`` takes permissions away
again. What is read is kept, so that a look-up costs one dictionary access.
"""

import itertools
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import orjson

DATA = Path(__file__).parent.parent / "data" / "roles"


@dataclass(frozen=True, slots=True)
class Role:
    """A predefined role: its name (``roles/storage.objectViewer``), title and the patterns it is made of."""

    name: str
    title: str
    patterns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Catalogue:
    """Everything the data files say: service -> collection -> verbs, and the roles by name."""

    verbs: dict[str, dict[str, frozenset[str]]]
    roles: dict[str, Role]


@cache
def permissions_of(role: str) -> frozenset[str] | None:
    """The permissions that a predefined role grants; None for a role that is not in the data files."""
    found = _catalogue().roles.get(role)
    return None if found is None else _expand(found)


def predefined() -> tuple[Role, ...]:
    """All predefined roles of the emulated services, sorted by name."""
    return _sorted_roles()


def find(role: str) -> Role | None:
    """The predefined role of that name, or None."""
    return _catalogue().roles.get(role)


@cache
def all_permissions() -> frozenset[str]:
    """Every permission that the emulated services know."""
    return frozenset(_matching("*.*.*"))


@lru_cache(maxsize=1)
def _sorted_roles() -> tuple[Role, ...]:
    return tuple(sorted(_catalogue().roles.values(), key=lambda role: role.name))


@lru_cache(maxsize=1)
def _catalogue() -> _Catalogue:
    verbs: dict[str, dict[str, frozenset[str]]] = {}
    roles: dict[str, Role] = {}
    for path in sorted(DATA.glob("*.json")):
        document = orjson.loads(path.read_bytes())
        for collection, names in document["permissions"].items():
            service, _, noun = collection.partition(".")
            verbs.setdefault(service, {})[noun] = frozenset(names.split())
        for name, (title, *patterns) in document["roles"].items():
            roles[name] = Role(name, title, tuple(_flatten(patterns, document["sets"])))
    return _Catalogue(verbs, roles)


def _flatten(patterns: list[str], sets: dict[str, list[str]]) -> list[str]:
    """The patterns with every ``@set`` replaced by its own patterns."""
    flat: list[str] = []
    for pattern in patterns:
        flat += _flatten(sets[pattern[1:]], sets) if pattern.startswith("@") else [pattern]
    return flat


def _expand(role: Role) -> frozenset[str]:
    granted: set[str] = set()
    for pattern in role.patterns:
        if pattern.startswith("-"):
            granted.difference_update(_matching(pattern[1:]))
        else:
            granted.update(_matching(pattern))
    return frozenset(granted)


def _matching(pattern: str) -> list[str]:
    """The permissions a pattern stands for; ValueError if there is none, since that is a misspelt data file."""
    service_part, noun_part, verb_part = pattern.split(".")
    verbs = _catalogue().verbs
    found = [
        f"{service}.{noun}.{verb}"
        for service in _choices(service_part, verbs)
        for noun in _choices(noun_part, verbs[service])
        for verb in _choices(verb_part, verbs[service][noun])
        if verb in verbs[service][noun]
    ]
    wanted = itertools.product(*map(_alternatives, (service_part, noun_part, verb_part)))
    if not found or (verb_part != "*" and any("*" not in parts and ".".join(parts) not in found for parts in wanted)):
        raise ValueError(f"{DATA.name}: the pattern {pattern!r} names a permission that no file lists.")
    return found


def _choices(part: str, known: Collection[str]) -> list[str]:
    return sorted(known) if part == "*" else [name for name in _alternatives(part) if name in known]


def _alternatives(part: str) -> list[str]:
    return part[1:-1].split(",") if part.startswith("{") else [part]
