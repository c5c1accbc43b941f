"""A Consent resource as a rule: whom it permits or denies what (Cloud Healthcare: consent directive).

What a rule cannot say, such as a period or nested provisions, makes a Consent unsupported as a whole: to leave a part
out could permit more than was meant.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import orjson

from emulator.services.healthcare.fhir.consents.scopes import Scope

T = TypeVar("T")
Json = dict[str, Any]
Code = tuple[str, str]
"""System and code."""

_GOOGLE = "https://g.co/fhir/medicalrecords/"
ADMIN, CASCADING = f"{_GOOGLE}ConsentAdminPolicy", f"{_GOOGLE}CascadingPolicy"
ENVIRONMENT, SOURCE, TAG = f"{_GOOGLE}Environment", f"{_GOOGLE}DataSource", f"{_GOOGLE}DataTag"
TYPES = "http://hl7.org/fhir/resource-types"
ROLES = ("http://terminology.hl7.org/CodeSystem/v3-RoleCode", "http://hl7.org/fhir/v3/RoleCode")
REASONS = ("http://terminology.hl7.org/CodeSystem/v3-ActReason", "http://hl7.org/fhir/v3/ActReason")
CONFIDENTIALITY = ("http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "http://hl7.org/fhir/v3/Confidentiality")
ACT_CODES = ("http://terminology.hl7.org/CodeSystem/v3-ActCode", "http://hl7.org/fhir/v3/ActCode")
"""Code systems by their names since R4 and in STU3."""
RANKS = "ULMNRV"
"""Confidentiality from unrestricted to very restricted."""
BASES = ("Patient", "Encounter")
MOST_ACTORS, MOST_VALUES, MOST_NESTED_TAGS, LONGEST_PURPOSE, LONGEST_ENVIRONMENT = 25, 100, 5, 13, 14
"""Cloud Healthcare: constraints and limitations of FHIR consent."""
_NOT_ENFORCED = ("period", "dataPeriod", "code", "provision", "modifierExtension")
_NOT_ENFORCED_STU3 = ("actor", "action", "purpose", "securityLabel", "data", "period", "dataPeriod")


class UnsupportedError(ValueError):
    """A Consent that can't be enforced; the message says why and quotes no value of it."""


@dataclass(frozen=True)
class Traits:
    """What rules ask of a resource: its name, and what its meta says of it."""

    type: str
    id: str
    source: str
    tags: frozenset[Code]
    labels: frozenset[Code]

    @classmethod
    def of(cls, resource: Json) -> "Traits":
        """The traits of a resource that has its id."""
        meta = resource.get("meta") or {}
        return cls(
            resource["resourceType"],
            resource["id"],
            meta.get("source") or "",
            frozenset(_codes(meta.get("tag"))),
            frozenset(_plain(system, code) for system, code in _codes(meta.get("security"))),
        )

    @property
    def relative(self) -> str:
        """Type/id."""
        return f"{self.type}/{self.id}"


@dataclass(frozen=True)
class Rule:
    """Whom a Consent permits or denies which resources. Criteria that are empty hold for all; all must hold.

    actors                Type/id of the store's own resources, or URIs
    purpose, environment  system/code; "" for any
    tags                  sets of which a resource must have one whole
    labels                of which a resource must have one
    """

    denies: bool
    actors: tuple[str, ...]
    purpose: str = ""
    environment: str = ""
    types: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    tags: tuple[tuple[Code, ...], ...] = ()
    labels: tuple[Code, ...] = ()
    cascades: bool = False

    def concerns(self, scope: Scope) -> bool:
        """Whether it is about somebody who asks with a scope."""
        return (
            self.purpose in ("", scope.purpose)
            and self.environment in ("", scope.environment)
            and any(actor in scope.actors for actor in self.actors)
        )

    def names(self, resource_type: str, identifier: str) -> bool:
        """Whether its criteria of type and id hold for a resource, which need not be there."""
        if self.types and resource_type not in self.types:
            return False
        return not self.ids or f"{resource_type}/{identifier}" in self.ids

    @property
    def names_only(self) -> bool:
        """Whether it has no criteria but type and id."""
        return not (self.sources or self.tags or self.labels)

    def covers(self, traits: Traits) -> bool:
        """Whether all its criteria hold for a resource."""
        return (
            self.names(traits.type, traits.id)
            and (not self.sources or traits.source in self.sources)
            and (not self.tags or any(traits.tags.issuperset(each) for each in self.tags))
            and (not self.labels or not traits.labels.isdisjoint(self.labels))
        )

    def encoded(self) -> bytes:
        """JSON that `decoded` reads."""
        return orjson.dumps(self)


def decoded(text: bytes) -> Rule:
    """The rule that was encoded."""
    found: Json = orjson.loads(text)
    for name in ("actors", "types", "ids", "sources"):
        found[name] = tuple(found[name])
    found["labels"] = tuple((system, code) for system, code in found["labels"])
    found["tags"] = tuple(tuple((system, code) for system, code in each) for each in found["tags"])
    return Rule(**found)


def is_admin(consent: Json) -> bool:
    """Whether a Consent is an admin policy, by its extension."""
    return ADMIN in _urls(consent)


def read(consent: Json, version: str, local: Callable[[str], str]) -> Rule:
    """The rule of a Consent of STU3 or R4; `local` gives a reference as the store has it. UnsupportedError says why."""
    cascades = CASCADING in _urls(consent)
    if consent.get("modifierExtension"):
        raise UnsupportedError("Consent.modifierExtension is not supported")
    if is_admin(consent) and _reference(consent.get("patient")):
        raise UnsupportedError("an admin policy must not name a patient")
    if cascades and not is_admin(consent):
        raise UnsupportedError("a cascading policy must be an admin policy")
    rule = _rule(_provision(consent, version), version, local, cascades=cascades)
    if cascades and not (rule.types and set(rule.types) <= set(BASES)):
        raise UnsupportedError("the class of a cascading policy must be Patient or Encounter")
    return rule


def _provision(consent: Json, version: str) -> Json:
    """The one provision: Consent.provision, and in STU3 the one entry of Consent.except."""
    if version != "STU3":
        found = consent.get("provision")
        if not isinstance(found, dict):
            raise UnsupportedError("Consent.provision is missing")
        return found
    if named := [name for name in _NOT_ENFORCED_STU3 if consent.get(name)]:
        raise UnsupportedError(f"Consent.{named[0]} is not supported outside of Consent.except")
    exceptions = _dicts(consent.get("except"))
    if len(exceptions) != 1:
        raise UnsupportedError("Consent.except must have one entry")
    return exceptions[0]


def _rule(provision: Json, version: str, local: Callable[[str], str], *, cascades: bool) -> Rule:
    if named := [name for name in _NOT_ENFORCED if provision.get(name)]:
        raise UnsupportedError(f"provision.{named[0]} is not supported")
    if provision.get("type") not in ("permit", "deny"):
        raise UnsupportedError("provision.type must be permit or deny")
    if any(code != "access" for each in _dicts(provision.get("action")) for _, code in _codings(each)):
        raise UnsupportedError("provision.action must be access")
    denies = provision["type"] == "deny"
    sources = _limited([str(each.get("valueUri") or "") for each in _extensions(provision, SOURCE)])
    if sources and version == "STU3":
        raise UnsupportedError("FHIR STU3 has no data sources")
    return Rule(
        denies,
        _actors(provision, local),
        _purpose(provision),
        _environment(provision),
        _types(provision),
        _ids(provision, local),
        sources,
        _tags(provision),
        _labels(provision, denies=denies),
        cascades,
    )


def _actors(provision: Json, local: Callable[[str], str]) -> tuple[str, ...]:
    actors = _dicts(provision.get("actor"))
    if not 1 <= len(actors) <= MOST_ACTORS:
        raise UnsupportedError(f"provision.actor must have 1 to {MOST_ACTORS} entries")
    for each in actors:
        roles = _codings(each.get("role") or {})
        if not any(system in ROLES and code in ("GRANTEE", "HPOWATT") for system, code in roles):
            raise UnsupportedError("provision.actor.role must be GRANTEE or HPOWATT of v3-RoleCode")
    found = [_reference(each.get("reference")) for each in actors]
    if not all(found):
        raise UnsupportedError("provision.actor must have a reference")
    return tuple(dict.fromkeys(map(local, found)))


def _purpose(provision: Json) -> str:
    found = _codes(provision.get("purpose"))
    if not found:
        return ""
    (system, code), *more = found
    if more or system not in REASONS or not 0 < len(code) <= LONGEST_PURPOSE:
        raise UnsupportedError(
            f"provision.purpose must be one code of v3-ActReason with at most {LONGEST_PURPOSE} characters"
        )
    return f"v3/{code}"


def _environment(provision: Json) -> str:
    found = [_codings(each.get("valueCodeableConcept") or {}) for each in _extensions(provision, ENVIRONMENT)]
    if not found:
        return ""
    if len(found) > 1 or len(found[0]) != 1:
        raise UnsupportedError("provision must have at most one environment, with one code")
    system, code = found[0][0]
    if not system or not code or len(system + code) > LONGEST_ENVIRONMENT:
        raise UnsupportedError(
            f"system and code of an environment must have at most {LONGEST_ENVIRONMENT} characters together"
        )
    return f"{system}/{code}"


def _types(provision: Json) -> tuple[str, ...]:
    found = _codes(provision.get("class"))
    if any(system != TYPES or not code for system, code in found):
        raise UnsupportedError(f"provision.class must be of {TYPES}")
    return _limited([code for _, code in found])


def _ids(provision: Json, local: Callable[[str], str]) -> tuple[str, ...]:
    data = _dicts(provision.get("data"))
    if any(each.get("meaning") != "instance" or not _reference(each.get("reference")) for each in data):
        raise UnsupportedError("provision.data must have a reference, and the meaning instance")
    return _limited([local(_reference(each["reference"])) for each in data])


def _tags(provision: Json) -> tuple[tuple[Code, ...], ...]:
    found = []
    for each in _extensions(provision, TAG):
        nested = _extensions(each, TAG) or [each]
        if len(nested) > MOST_NESTED_TAGS:
            raise UnsupportedError(f"a data tag must have at most {MOST_NESTED_TAGS} nested tags")
        found.append(tuple(_codes([one.get("valueCoding") for one in nested])))
        if len(found[-1]) != len(nested):
            raise UnsupportedError("a data tag must be a valueCoding, or nested ones")
    return _limited(found)


def _labels(provision: Json, *, denies: bool) -> tuple[Code, ...]:
    """The labels that it holds for: to permit R is to permit what is less confidential, to deny it, what is more."""
    found: list[Code] = []
    for system, code in _limited(list(_codes(provision.get("securityLabel")))):
        if system in ACT_CODES:
            found.append((ACT_CODES[0], code))
        elif system in CONFIDENTIALITY and code and code in RANKS:
            rank = RANKS.index(code)
            found += [(CONFIDENTIALITY[0], each) for each in (RANKS[rank:] if denies else RANKS[: rank + 1])]
        else:
            raise UnsupportedError("provision.securityLabel must be of v3-Confidentiality or v3-ActCode")
    return tuple(dict.fromkeys(found))


def _limited(values: list[T]) -> tuple[T, ...]:
    """The values, each once; unsupported where there are too many, or an empty one."""
    if len(values) > MOST_VALUES or not all(values):
        raise UnsupportedError(f"an element of the provision has an empty value, or more than {MOST_VALUES}")
    return tuple(dict.fromkeys(values))


def _plain(system: str, code: str) -> Code:
    """A label under the name that its system has since R4."""
    for names in (CONFIDENTIALITY, ACT_CODES):
        if system in names:
            return names[0], code
    return system, code


def _codes(codings: Any) -> list[Code]:
    return [(str(each.get("system") or ""), str(each.get("code") or "")) for each in _dicts(codings)]


def _codings(concept: Json) -> list[Code]:
    return _codes(concept.get("coding"))


def _extensions(element: Json, url: str) -> list[Json]:
    return [each for each in _dicts(element.get("extension")) if each.get("url") == url]


def _urls(element: Json) -> Iterator[Any]:
    return (each.get("url") for each in _dicts(element.get("extension")))


def _reference(value: Any) -> str:
    text = value.get("reference") if isinstance(value, dict) else None
    return text if isinstance(text, str) else ""


def _dicts(value: Any) -> list[Json]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
