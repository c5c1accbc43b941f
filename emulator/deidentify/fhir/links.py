"""Ids of resources, and what points at them: given new texts, or left, in one way wherever they stand.

Whether the ids of a type change is what the rules make of Type.id. A local reference always follows it, with whatever
rule the reference itself is matched by, so that the graph stays whole; it loses its version, which is not copied.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from emulator.deidentify.fhir.places import Tree
from emulator.deidentify.keys import Secret
from emulator.fhir import references
from emulator.fhir.references import Kind

_UUID = re.compile(r"urn:uuid:([0-9A-Fa-f\-]{36})")
_IN_URL = re.compile(r"(?P<base>https?://.+/)(?P<rest>[A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64}(?:/_history/[^/?]+)?)")
_UID = re.compile(r"(urn:oid:)?([0-2](?:\.(?:0|[1-9]\d*))+)")
_UID_IN_URL = re.compile(r"(?<=/)(studies|series|instances)/([0-9.]{1,64})(?=/|\?|$)")


@dataclass(frozen=True)
class Links:
    """What ids and references become in a run.

    store            the name of the store that references are seen from
    regenerate_uids  as FhirRules has it
    """

    tree: Tree
    secret: Secret
    store: str = ""
    regenerate_uids: bool | None = None

    def renames(self, resource_type: str) -> bool:
        """Whether resources of a type get other ids."""
        return self.tree.changes(resource_type, "id")

    def id(self, resource_type: str, old: str) -> str:
        """The id of a resource."""
        return self.secret.identifier(old) if self.renames(resource_type) else old

    def reference(self, text: str, fragments: Mapping[str, str]) -> str | None:
        """The text of a reference; None for one that points at nothing that could be told.

        fragments has the new id of each contained resource by the old one.
        """
        to = references.parse(text, self.store)
        match to.kind:
            case Kind.LOCAL:
                return f"{to.type}/{self.id(to.type, to.id)}"
            case Kind.FRAGMENT:
                return f"#{fragments.get(to.id) or (to.id and self.id('Patient', to.id))}"
            case Kind.URN:
                return self._urn(text)
            case Kind.URL:
                return self.url(text)
        return None

    def entry(self, text: str) -> str | None:
        """The URL of an entry of a bundle, without what it searches for; None for one that names no resource."""
        path, asks, _ = text.partition("?")
        return self.reference(path, {}) or (path if asks else None)

    def url(self, text: str) -> str | None:
        """A URL that ends in a resource of another store or server, with the id as it is here; None for others."""
        found = _IN_URL.fullmatch(text)
        to = references.parse(found["rest"]) if found else None
        if found is None or to is None or self.tree.root(to.type) is None:
            return None
        return f"{found['base']}{to.type}/{self.id(to.type, to.id)}"

    def uri(self, text: str, fragments: Mapping[str, str]) -> str | None:
        """A URI that points at a resource of the store or at a contained one; None for any other."""
        to = references.parse(text, self.store)
        return self.reference(text, fragments) if to.kind in (Kind.LOCAL, Kind.FRAGMENT) else None

    def uid(self, text: str) -> str | None:
        """The UID of a study, series or instance, with or without urn:oid:; None for a text that is none."""
        found = _UID.fullmatch(text)
        return f"{found[1] or ''}{self.secret.uid(found[2])}" if found else None

    def dicomweb(self, text: str) -> str:
        """A URL of DICOMweb with the UIDs in it, as far as they become others."""
        return _UID_IN_URL.sub(lambda found: f"{found[1]}/{self.secret.uid(found[2])}", text)

    def _urn(self, text: str) -> str:
        """A urn:uuid with the UUID that the resource of that id would have; a urn:oid is a UID."""
        if not self.renames("Patient"):
            return text
        if found := _UUID.fullmatch(text):
            return f"urn:uuid:{uuid.UUID(self.secret.identifier(found[1]))}"
        return self.uid(text) or f"urn:uuid:{uuid.UUID(self.secret.identifier(text))}"
