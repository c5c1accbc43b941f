"""The header X-Consent-Scope: who asks, to what end and from where (Cloud Healthcare: request consent scope)."""

from collections.abc import Callable
from dataclasses import dataclass

from emulator.services.healthcare.fhir import errors

HEADER = "x-consent-scope"
MOST_ACTORS = 3
LONGEST_PURPOSE, LONGEST_ENVIRONMENT = 12, 14
"""Characters of a purpose's code, and of an environment's system and code together."""
SPECIAL = ("btg", "bypass")


@dataclass(frozen=True)
class Scope:
    """A consent scope.

    actors                Type/id of the store's own resources, or URIs
    purpose, environment  system/code; "" where there is none
    special               btg or bypass, where consent is not asked; else ""
    """

    actors: tuple[str, ...]
    purpose: str = ""
    environment: str = ""
    special: str = ""


def parse(text: str, local: Callable[[str], str]) -> Scope:
    """Read the header; `local` gives a reference as the store has it. Refused with 403 for what is no scope.

    The status of a refusal, and the sentence of too many entries, are Google's.
    """
    found: dict[str, list[str]] = {"actor": [], "purp": [], "env": [], "special": []}
    for entry in text.split():
        kind, _, value = entry.partition("/")
        if entry in SPECIAL:
            kind, value = "special", entry
        if not value or kind not in found:
            raise errors.bad_scope(f"invalid consent scope {entry[:80]!r}")
        found[kind].append(value)
    for kind, name, most in (("actor", "actor", MOST_ACTORS), ("purp", "purpose", 1), ("env", "environment", 1)):
        if len(found[kind]) > most:
            raise errors.bad_scope(
                f"the maximum number of allowed consent {name} scopes is {most}, got {len(found[kind])}"
            )
    scope = Scope(
        tuple(local(_actor(each)) for each in found["actor"]),
        _purpose("".join(found["purp"])),
        _environment("".join(found["env"])),
        " ".join(found["special"]),
    )
    return _complete(scope)


def _complete(scope: Scope) -> Scope:
    if scope.special and scope.special not in SPECIAL:
        raise errors.bad_scope("only one of btg and bypass can be used")
    if not scope.actors:
        raise errors.bad_scope("at least one consent actor scope is required")
    if scope.special == "bypass" and not scope.environment:
        raise errors.bad_scope("bypass requires a consent environment scope")
    return scope


def _actor(value: str) -> str:
    kind, _, identifier = value.partition("/")
    if not kind or not identifier:
        raise errors.bad_scope(f"invalid consent scope {'actor/' + value[:80]!r}: it must be actor/TYPE/ID")
    return value


def _purpose(value: str) -> str:
    system, _, code = value.partition("/")
    if value and (system != "v3" or not 0 < len(code) <= LONGEST_PURPOSE):
        raise errors.bad_scope(
            f"invalid consent scope {'purp/' + value[:80]!r}: it must be purp/v3/CODE, with a code of at most"
            f" {LONGEST_PURPOSE} characters"
        )
    return value


def _environment(value: str) -> str:
    system, _, code = value.partition("/")
    if value and not (system and code and len(system + code) <= LONGEST_ENVIRONMENT):
        raise errors.bad_scope(
            f"invalid consent scope {'env/' + value[:80]!r}: it must be env/SYSTEM/CODE, with at most"
            f" {LONGEST_ENVIRONMENT} characters of system and code"
        )
    return value
