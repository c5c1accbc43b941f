"""References between the entries of a bundle, made references to what they became, and conditional ones resolved."""

import re
from collections.abc import Callable, Mapping

from emulator.fhir import references
from emulator.fhir.references import Kind
from emulator.services.healthcare.fhir import errors, integrity
from emulator.services.healthcare.fhir.stored import Json, Store, Version

_RESTFUL = re.compile(r"https?://.*?/([A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64})")
Search = Callable[[str, str], list[Version]]
"""Takes a type and criteria; gives what matches."""


def names_of(full_url: str) -> list[str]:
    """The texts by which others may refer to an entry: its fullUrl, and Type/id where that is such an address."""
    found = _RESTFUL.fullmatch(full_url)
    return [full_url, found[1]] if found else [full_url]


def rewrite(store: Store, resource: Json, became: Mapping[str, str], search: Search) -> None:
    """Give the references of a resource the texts of what they mean, in place.

    became is Type/id of what entries became, by their names; search finds what conditional references mean. Refused
    for a conditional reference that no resource matches, or several.
    """
    own, in_extensions = references.elements_apart(resource)
    conditional = False
    for element in own + in_extensions if store.reads_complex_references else own:
        text = element["reference"]
        if text in became:
            element["reference"] = became[text]
        elif references.parse(text, store.name).kind is Kind.CONDITIONAL:
            conditional = True
    if conditional:
        _resolve(store, resource, search)


def _resolve(store: Store, resource: Json, search: Search) -> None:
    """Make conditional references those to what they find."""
    wrong = []
    for place in integrity.places(store, resource):
        text = place.text
        to = references.parse(text, store.name)
        if to.kind is not Kind.CONDITIONAL:
            continue
        found = search(store.require_type(to.type), to.query)
        if len(found) == 1:
            place.element["reference"] = found[0].relative
        else:
            many = "no resource matches" if not found else "more than one resource matches"
            wrong.append((place.path, f"{many} the conditional reference {text[:300]}"))
    if wrong:
        raise errors.bad_references(wrong)
