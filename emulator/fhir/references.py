"""References between resources: what a reference's text points at, where a resource has them, and new texts for them.

Forms and what becomes of them: Cloud Healthcare, "FHIR resource references".
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

Json = dict[str, Any]

_ID = r"[A-Za-z0-9\-.]{1,64}"
_RELATIVE = re.compile(rf"(?P<type>[A-Z][A-Za-z]+)/(?P<id>{_ID})(?:/_history/(?P<version>{_ID}))?")
_STORE = re.compile(
    r"(?P<server>https?://[^/]+/v1(?:beta1)?/)?"
    r"(?P<store>projects/[^/]+/locations/[^/]+/datasets/[^/]+/fhirStores/[^/]+)/fhir/(?P<rest>.+)"
)
_CONDITIONAL = re.compile(r"(?P<type>[A-Z][A-Za-z]+)\?(?P<query>.+)", re.DOTALL)
_EXTENSIONS = frozenset(("extension", "modifierExtension"))
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")


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


@dataclass(frozen=True)
class Place:
    """A Reference element of a resource: the object that holds `reference`, and where it is."""

    path: str
    """Such as Patient.generalPractitioner[0]."""
    element: Json

    @property
    def text(self) -> str:
        """The text of the reference as it stands in the resource."""
        return str(self.element["reference"])


def parse(text: str, store: str = "") -> Reference:
    """What a reference's text points at, seen from a store, such as projects/p/locations/l/datasets/d/fhirStores/f."""
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


def walk(resource: Json, path: str = "") -> Iterator[Place]:
    """Every Reference with a text in a resource, contained ones too, in the order of the resource."""
    yield from _walk(resource, path or str(resource.get("resourceType", "")))


def texts(resource: Json, *, extensions: bool = True) -> list[str]:
    """The texts of all references of a resource, without their places, in no order; a fifth of what `walk` takes.

    Without `extensions` those that stand in extensions are left out.
    """
    found: list[str] = []
    left: list[Any] = [resource]
    while left:
        value = left.pop()
        if type(value) is dict:
            for name, each in value.items():
                kind = type(each)
                if kind is dict or kind is list:
                    if extensions or name not in _EXTENSIONS:
                        left.append(each)
                elif name == "reference" and kind is str:
                    found.append(each)
        else:
            left += [each for each in value if type(each) is dict or type(each) is list]
    return found


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


def _walk(value: Any, path: str) -> Iterator[Place]:
    if isinstance(value, dict):
        if isinstance(value.get("reference"), str):
            yield Place(path, value)
        for name, each in value.items():
            if isinstance(each, dict | list):
                yield from _walk(each, f"{path}.{name}")
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _walk(each, f"{path}[{number}]")
