"""References between resources: what a reference's text points at, where a resource has them, and new texts for them.

Forms and what becomes of them: Cloud Healthcare, "FHIR resource references".
"""

import re
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from itertools import chain
from typing import Any

Json = dict[str, Any]

_ID = r"[A-Za-z0-9\-.]{1,64}"
_RELATIVE = re.compile(rf"(?P<type>[A-Z][A-Za-z]+)/(?P<id>{_ID})(?:/_history/(?P<version>{_ID}))?")
_STORE = re.compile(
    r"(?P<server>https?://[^/]+/v1(?:beta1)?/)?"
    r"(?P<store>projects/[^/]+/locations/[^/]+/datasets/[^/]+/fhirStores/[^/]+)/fhir/(?P<rest>.+)"
)
_ALIKE = re.compile(r"(?:.*/fhir/)?(?P<type>[A-Z][A-Za-z]+)/(?P<id>[^/]*)(?:/_history/[^/]*)?", re.DOTALL)
_CONDITIONAL = re.compile(r"(?P<type>[A-Z][A-Za-z]+)\?(?P<query>.+)", re.DOTALL)
_EXTENSIONS = frozenset(("extension", "modifierExtension"))
_HOLDING = frozenset(("Bundle", "Parameters"))
"""Types of resources that have others in them, apart from contained ones."""
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
_SHORT = 300
"""Letters of references whose meaning is remembered: many resources refer to the same ones."""
_Trail = Any
"""The way to a place, from its end: None, or the rest of the way and a name or a number in an array."""


class Kind(Enum):
    """What a reference's text points at."""

    LOCAL = "a resource of this store"
    OTHER_STORE = "a resource of another store by the store's name, which is refused"
    URL = "something elsewhere, which is stored as it is"
    URN = "an entry of a bundle by its urn:uuid or urn:oid"
    FRAGMENT = "a contained resource by its id, or the resource itself where the id is empty"
    CONDITIONAL = "the one resource that a search finds, in bundles"
    OTHER = "nothing that FHIR knows, which is stored as it is"


@dataclass(frozen=True)
class Reference:
    """What a reference's text says. `type` and `id` are empty where the kind has none."""

    kind: Kind
    text: str
    type: str = ""
    id: str = ""
    version: str = ""
    """Of a local resource: the version after _history/."""
    query: str = ""
    """Of a conditional reference: what follows the question mark."""

    @property
    def relative(self) -> str:
        """Type/id of a local reference, without its version: how a store keys it."""
        return f"{self.type}/{self.id}"


@dataclass(frozen=True, slots=True)
class Place:
    """A Reference element of a resource: the object that holds `reference`, and where it is."""

    element: Json
    in_extension: bool
    _trail: _Trail

    @property
    def path(self) -> str:
        """Such as Patient.generalPractitioner[0]."""
        steps, trail = [], self._trail
        while trail is not None:
            trail, step = trail
            steps.append(step)
        return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in reversed(steps))[1:]

    @property
    def text(self) -> str:
        """The text of the reference as it stands in the resource."""
        return str(self.element["reference"])


def parse(text: str, store: str = "") -> Reference:
    """What a reference's text points at, seen from a store, such as projects/p/locations/l/datasets/d/fhirStores/f."""
    return _remembered(text, store) if len(text) <= _SHORT else _parse(text, store)


def target(text: str, store: str) -> str:
    """What a reference's text points at as a search index has it: Type/id of the store's own, else the text."""
    to = parse(text, store)
    return to.relative if to.kind is Kind.LOCAL else text


def wrong_id(to: Reference, types: Container[str]) -> str | None:
    """The id in a reference that looks like one to a resource of these types, where it is no id; None else.

    R5 refuses such references; older versions keep them as they are (Cloud Healthcare: FHIR conformance statement).
    """
    found = _ALIKE.fullmatch(to.text) if to.kind is Kind.OTHER else None
    return found["id"] if found and found["type"] in types else None


def _parse(text: str, store: str) -> Reference:
    if text.startswith("#"):
        return Reference(Kind.FRAGMENT, text, id=text[1:])
    if text.startswith(("urn:uuid:", "urn:oid:")):
        return Reference(Kind.URN, text)
    if found := _RELATIVE.fullmatch(text):
        return _local(text, found)
    if found := _STORE.fullmatch(text):
        return _stored(text, found, store)
    if found := _CONDITIONAL.fullmatch(text):
        return Reference(Kind.CONDITIONAL, text, type=found["type"], query=found["query"])
    return Reference(Kind.URL if _URL.match(text) else Kind.OTHER, text)


_remembered = lru_cache(maxsize=8192)(_parse)


def walk(resource: Json, path: str = "") -> Iterator[Place]:
    """Every Reference with a text in a resource, contained ones too, in the order of the resource."""
    left: list[tuple[Any, _Trail, bool]] = [(resource, (None, path or str(resource.get("resourceType", ""))), False)]
    while left:
        value, trail, extended = left.pop()
        if type(value) is dict:
            if type(value.get("reference")) is str:
                yield Place(value, extended, trail)
            below = [
                (each, (trail, name), extended or name in _EXTENSIONS)
                for name, each in value.items()
                if type(each) is dict or type(each) is list
            ]
        else:
            below = [
                (each, (trail, number), extended)
                for number, each in enumerate(value)
                if type(each) is dict or type(each) is list
            ]
        left += below[::-1]


def texts(resource: Json, *, extensions: bool = True) -> list[str]:
    """The texts of all references of a resource, without their places, in no order; a fourth of what `walk` takes.

    Without `extensions` those that stand in extensions are left out.
    """
    aside: list[Any] = []
    own = _texts([resource], aside)
    return own + _texts(aside, aside) if extensions else own


def texts_apart(resource: Json) -> tuple[list[str], list[str]]:
    """As `texts`: those that stand outside of extensions, and those inside."""
    own, inside = elements_apart(resource)
    return [each["reference"] for each in own], [each["reference"] for each in inside]


def elements_apart(resource: Json) -> tuple[list[Json], list[Json]]:
    """The elements that have these texts: those that stand outside of extensions, and those inside."""
    extensions: list[Any] = []
    return _elements([resource], extensions), _elements(extensions, extensions)


def _texts(left: list[Any], extensions: list[Any]) -> list[str]:
    return [each["reference"] for each in _elements(left, extensions)]


def _elements(left: list[Any], extensions: list[Any]) -> list[Json]:
    """The References below values, which are used up; values of extensions are put aside, unless these are they."""
    found: list[Json] = []
    while left:
        value = left.pop()
        if type(value) is dict:
            for name, each in value.items():
                kind = type(each)
                if kind is dict or kind is list:
                    (extensions if name in _EXTENSIONS else left).append(each)
                elif name == "reference" and kind is str:
                    found.append(value)
        else:
            left += [each for each in value if type(each) is dict or type(each) is list]
    return found


def answered_within(resource: Json) -> set[int]:
    """The numbers (id) of the elements whose text leads to what the resource holds itself.

    That is a contained resource by its #id, and an entry of a Bundle by its urn. In a Bundle or Parameters each
    resource has contained ones of its own; the urns of a Bundle are known to all that it holds.
    """
    found: set[int] = set()
    for one, urns in _each_with_urns(resource):
        contained = {f"#{each.get('id')}" for each in one.get("contained") or () if type(each) is dict}
        if contained or urns:
            elements = chain(*elements_apart(one))
            found.update(id(each) for each in elements if each["reference"] in contained or each["reference"] in urns)
    return found


def _each_with_urns(resource: Json) -> Iterator[tuple[Json, frozenset[str]]]:
    """The resource, or all that it holds where that is its purpose, with the urns of the bundles that they are in."""
    left: list[tuple[Json, frozenset[str]]] = [(resource, frozenset())]
    while left:
        one, urns = left.pop()
        if one.get("resourceType") not in _HOLDING:
            yield one, urns
            continue
        entries = one.get("entry")
        urls = [each.get("fullUrl") for each in entries if type(each) is dict] if type(entries) is list else []
        urns |= {url for url in urls if type(url) is str and url.startswith("urn:")}
        left += [(each, urns) for each in _held(one)]


def _held(resource: Json) -> Iterator[Json]:
    """The resources within a resource, without those within these."""
    left: list[Any] = list(resource.values())
    while left:
        value = left.pop()
        if type(value) is list:
            left += value
        elif type(value) is dict:
            if "resourceType" in value:
                yield value
            else:
                left += value.values()


def rewrite(resource: Json, change: Callable[[str], str | None]) -> int:
    """Give references other texts, in place: what `change` makes of the old text, unless None. The number changed."""
    count = 0
    for place in walk(resource):
        if (new := change(place.text)) is not None and new != place.text:
            place.element["reference"] = new
            count += 1
    return count


def _local(text: str, found: re.Match[str]) -> Reference:
    return Reference(Kind.LOCAL, text, found["type"], found["id"], found["version"] or "")


def _stored(text: str, found: re.Match[str], store: str) -> Reference:
    if found["store"] != store:
        return Reference(Kind.URL if found["server"] else Kind.OTHER_STORE, text)
    relative = _RELATIVE.fullmatch(found["rest"])
    return _local(text, relative) if relative else Reference(Kind.OTHER, text)
