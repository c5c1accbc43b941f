"""One resource held against the definitions of its version, and mended as far as small changes go."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from emulator.fhir import definitions, parsing, references
from emulator.fhir.references import Kind
from emulator.fhir.validation.problems import Aspect, Problem
from emulator.fhir.validation.validator import ALL, Checks, references_of_right, validate
from scripts.fhir.checking.doubts import doubtful
from scripts.fhir.checking.findings import Finding, named
from scripts.fhir.checking.remedies import Remedy, remedy_of

Json = dict[str, Any]

_ROUNDS = 20
"""How often a resource is mended and looked at again: one problem may hide the next."""
_PLAIN = re.compile(r"[A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64}")
"""Type/id, as nearly all references are: of the store, and the quickest to tell."""
_URN = "urn:"
_OF_EXTENSIONS = "xtension["
"""In the path of a reference that counts only in stores with complexDataTypeReferenceParsing."""


@dataclass(frozen=True)
class Rules:
    """What a store is set to, as far as it decides what is refused (FhirStore)."""

    version: str = "R4"
    checks: Checks = ALL
    integrity: bool = True
    """False for disableReferentialIntegrity."""
    complex_references: bool = False
    """True for complexDataTypeReferenceParsing ENABLED."""


@dataclass
class Examined:
    """What came of looking at one resource: its findings, and the resource with all changes that could be made."""

    resource: Json
    findings: list[Finding] = field(default_factory=list)
    mended: bool = True
    """Whether the store would take the resource as it is now; with findings, after the changes."""
    references: list[str] = field(default_factory=list)
    """The texts of its references that count in the store."""

    @property
    def passes(self) -> bool:
        """Whether the store would take the resource as it was."""
        return not self.findings


def examine(resource: Json, rules: Rules, urns: frozenset[str] | None = None) -> Examined:
    """Look at one resource. `urns` are the fullUrls of the transaction it is in, None where it is in none."""
    texts = references_of_right(resource, rules.version, rules.checks)
    if texts is not None:
        if rules.complex_references:
            texts = _texts(resource, rules)
        if not _wrong(texts, resource, rules, urns) and not any(doubtful(resource, rules.version)):
            return Examined(resource, references=texts)
    return _mended(parsing.parse(parsing.serialize(resource), None), rules, urns)


def _texts(resource: Json, rules: Rules) -> list[str]:
    """The texts of references that count in the store."""
    return references.texts(resource, extensions=rules.complex_references)


def _problems(resource: Json, texts: list[str], rules: Rules, urns: frozenset[str] | None) -> list[Problem]:
    found = validate(resource, rules.version, rules.checks) or list(_references(resource, texts, rules, urns))
    return found or list(doubtful(resource, rules.version))


def _mended(resource: Json, rules: Rules, urns: frozenset[str] | None) -> Examined:
    """Make every change that helps, round by round, until the store would take the resource or nothing helps."""
    texts = _texts(resource, rules)
    examined = Examined(resource, references=texts)
    known: set[tuple[str, str]] = set()
    for _ in range(_ROUNDS):
        problems = _problems(resource, texts, rules, urns)
        examined.mended = not problems
        found = _round(problems, resource, rules.version)
        examined.findings += [each for each in found if (each.where, each.what) not in known]
        known.update((each.where, each.what) for each in found)
        if not any(each.mended for each in found):
            break
        texts[:] = _texts(resource, rules)
    return examined


def _round(problems: list[Problem], resource: Json, version: str) -> list[Finding]:
    """Mend what the problems tell of, up to the first change after which the paths of the rest may lead elsewhere."""
    found = []
    for problem in problems:
        remedy = remedy_of(problem, resource, definitions.load(version))
        found.append(_finding(problem, remedy))
        if remedy.shifts:
            break
    return found


def _finding(problem: Problem, remedy: Remedy) -> Finding:
    """A problem for the person, after the change that mends it, if there is one."""
    what, values = problem.details, problem.diagnostics
    if name := named(problem.diagnostics) if problem.details == "unknown field" else "":
        what, values = f'unknown field "{name}"', ""
    if remedy.change is None:
        return Finding(problem.path, what, remedy.words, values)
    done = remedy.change()
    return Finding(problem.path, what, remedy.words, "; ".join(filter(None, (values, done))), mended=True)


def _references(resource: Json, texts: list[str], rules: Rules, urns: frozenset[str] | None) -> Iterator[Problem]:
    """References that a store refuses whatever it holds (Cloud Healthcare: FHIR resource references)."""
    wrong = _wrong(texts, resource, rules, urns)
    if not wrong:
        return
    for place in references.walk(resource):
        if place.text in wrong and (rules.complex_references or _OF_EXTENSIONS not in place.path):
            yield Problem(wrong[place.text], f'"{place.text}"', Aspect.REFERENCE, place.path)


def _wrong(texts: list[str], resource: Json, rules: Rules, urns: frozenset[str] | None) -> dict[str, str]:
    """The texts of references that are refused, with the reason."""
    doubtful = [text for text in texts if text[:4] != _URN or text not in urns] if urns else texts
    if not doubtful:
        return {}
    wrong = {text: sentence for text in doubtful if (sentence := _objection(text, rules, urns))}
    if not wrong:
        return {}
    inside = references.answered_within(resource)
    outside = {place.text for place in references.walk(resource) if id(place.element) not in inside}
    return {text: sentence for text, sentence in wrong.items() if text in outside}


def _objection(text: str, rules: Rules, urns: frozenset[str] | None) -> str:
    """Why a reference is refused that nothing in its own resource answers, "" for one that a store may take."""
    if _PLAIN.fullmatch(text):
        return ""
    to = references.parse(text)
    if to.kind is Kind.FRAGMENT and to.id:
        return "no contained resource has the ID of the reference"
    if to.kind is Kind.OTHER_STORE:
        return "non-local reference, unless it names the store itself"
    if to.kind is Kind.CONDITIONAL and urns is None:
        return "conditional reference outside of a bundle"
    if to.kind is Kind.URN and (urns is None or to.text not in urns) and (rules.integrity or rules.version == "R5"):
        return "reference to nothing: a URN that is the fullUrl of no entry of the transaction"
    if rules.version == "R5" and references.wrong_id(to, definitions.load(rules.version).resources) is not None:
        return "reference to a resource by an ID that is none"
    return ""


def local_targets(texts: Iterable[str]) -> Iterator[str]:
    """What references refer to in their store, as Type/id."""
    for text in texts:
        if text[:4] == _URN:
            continue
        if _PLAIN.fullmatch(text):
            yield text
        elif (to := references.parse(text)).kind is Kind.LOCAL:
            yield to.relative
