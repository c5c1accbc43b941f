"""The way through one resource: every field to its place, values changed, ids and references as all of the run."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import zip_longest
from typing import Any

from emulator.deidentify.fhir import ages
from emulator.deidentify.fhir.attachments import Attached
from emulator.deidentify.fhir.filling import Check, Filling
from emulator.deidentify.fhir.links import Links
from emulator.deidentify.fhir.places import EXTENSIONS, Place
from emulator.deidentify.fhir.rules import Action, FhirRules
from emulator.deidentify.fhir.values import Person, Values
from emulator.deidentify.text.findings import FindingKind

Json = dict[str, Any]
_UNCHANGED = (None, Action.KEEP)
_LINKS = frozenset(("uri", "url", "canonical"))
_UIDS = frozenset(("uid", "studyUid", "seriesUid", "frameOfReferenceUid"))
_DICOM_UID = "urn:dicom:uid"
_OF_THE_SERVER = frozenset(("versionId", "lastUpdated"))
_OF_BUNDLES = frozenset(("fullUrl", "url", "location"))


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a value, for a report that only those may see who may see the source.

    path    where it stands: Patient.contact[0].name.family
    why     the action's words, or what else it was
    before  None for the parts of what has been removed as a whole
    after   None where it was removed
    found   what was found in a text
    """

    path: str
    why: str
    before: Any
    after: Any
    found: tuple[FindingKind, ...] = ()


@dataclass
class Walk:
    """Goes through a resource once, on a day. With `check`, which gives the rule of a type, what breaks it goes."""

    rules: FhirRules
    links: Links
    values: Values
    attached: Attached
    filling: Filling
    person: Person
    today: date
    check: Check | None = None
    changes: list[Change] = field(default_factory=list)
    _path: list[str] = field(default_factory=list)
    _fragments: Mapping[str, str] = field(default_factory=dict)

    def resource(self, value: Json, place: Place, fragments: Mapping[str, str] | None = None) -> Json | None:
        """A resource without what identifies a person. `fragments` are those of the resource that contains it."""
        outer, self._fragments = self._fragments, fragments or self._renamed(value)
        try:
            return self._object(value, place)
        finally:
            self._fragments = outer

    def _renamed(self, resource: Json) -> dict[str, str]:
        """The new id of each resource that another contains, by the old one."""
        inner = resource.get("contained")
        return {
            each["id"]: self.links.id(str(each.get("resourceType")), each["id"])
            for each in (inner if isinstance(inner, list) else ())
            if isinstance(each, dict) and isinstance(each.get("id"), str)
        }

    def _object(self, value: Json, place: Place) -> Json | None:
        made: Json = {}
        if place.type.kind == "resource" and "resourceType" in value:
            made["resourceType"] = value["resourceType"]
        bare = len(made)
        for name in dict.fromkeys(each.removeprefix("_") for each in value):
            if name != "resourceType" and not (place.type.name == "Meta" and name in _OF_THE_SERVER):
                self._field(made, name, value, place)
        if len(made) == bare and not bare:
            return None
        return self._finished(made, value, place)

    def _finished(self, made: Json, before: Json, place: Place) -> Json | None:
        """An object whose fields are done; None where nothing is left that means anything."""
        kind = place.type.name
        if kind == "Extension" and made.keys() <= {"url", "id"}:
            return None
        if kind == "Narrative" and "div" not in made:
            return None
        if kind == "Attachment":
            _describe(made, before)
        self.filling.fill(made, before, place.type, self.check)
        if self.check is None or not self.check(kind)(made):
            return made
        mended = self.filling.mended(made, before, place.type, self.check(kind))
        return made if mended is None and place.type.kind == "resource" else mended

    def _field(self, made: Json, name: str, value: Json, place: Place) -> None:
        child = place.child(name)
        self._path.append(name)
        if child is None:
            self._note("is no field of its type", value.get(name), None)
        elif name in EXTENSIONS and not self.rules.keep_extensions and child.own_action is None:
            self._note("is an extension", value.get(name), None)
        elif child.is_primitive:
            self._primitive(made, child, value, place)
        else:
            self._complex(made, child, value.get(name))
        self._path.pop()

    def _complex(self, made: Json, place: Place, value: Any) -> None:
        name = _spelled(place)
        if isinstance(value, dict):
            found: Any = self._inner(value, place)
        else:
            found = self._members(value, place) if isinstance(value, list) else None
        if found is not None:
            made[name] = found

    def _members(self, values: list[Any], place: Place) -> list[Json] | None:
        """The objects of an array; None where none is left."""
        kept = []
        for number, value in enumerate(values):
            self._path.append(f"[{number}]")
            if isinstance(value, dict) and (found := self._inner(value, place)) is not None:
                kept.append(found)
            self._path.pop()
        return kept or None

    def _inner(self, value: Json, place: Place) -> Json | None:
        """An object in an object, which may be a resource of its own."""
        if place.type.name not in ("Resource", "DomainResource"):
            return self._object(value, place)
        inner = place.resource(str(value.get("resourceType")))
        if inner is None:
            self._note("is no resource of the version", value, None)
            return None
        return self.resource(value, inner, self._fragments if place.name == "contained" else None)

    def _primitive(self, made: Json, place: Place, parent: Json, around: Place) -> None:
        name, spelled = place.name, _spelled(place)
        value, more = parent.get(name), parent.get(f"_{name}")
        if isinstance(value, list) or isinstance(more, list):
            self._primitives(made, place, parent, around)
            return
        if (new := self._leaf(value, place, parent, around)) is not None:
            made[spelled] = new
        if isinstance(more, dict) and (kept := self._object(more, place)) is not None:
            made[f"_{spelled}"] = kept

    def _primitives(self, made: Json, place: Place, parent: Json, around: Place) -> None:
        """An array of values and the array of what is said of each beside it, which stay in step."""
        name, spelled = place.name, _spelled(place)
        values, mores = (each if isinstance(each, list) else [] for each in (parent.get(name), parent.get(f"_{name}")))
        kept = []
        for number, (value, more) in enumerate(zip_longest(values, mores)):
            self._path.append(f"[{number}]")
            new = self._leaf(value, place, parent, around)
            said = self._object(more, place) if isinstance(more, dict) else None
            self._path.pop()
            if new is not None or said is not None:
                kept.append((new, said))
        if kept:
            made[spelled] = [new for new, _ in kept]
        if any(said is not None for _, said in kept):
            made[f"_{spelled}"] = [said for _, said in kept]

    def _leaf(self, value: Any, place: Place, parent: Json, around: Place) -> Any:
        """A value as it is to be; None where it is removed."""
        if value is None or isinstance(value, dict | list):
            return None
        if isinstance(value, str) and place.action is not Action.REMOVE:
            linked = self._linked(value, place, parent, around)
            if linked is not None:
                return self._noted("follows the id or UID that it names", value, linked)
        if self.rules.cap_ages and (new := self._capped(value, place, parent, around)) != value:
            return self._noted("tells of an age over 89", value, new)
        action = self._due(place, around)
        if action in _UNCHANGED or action is None:
            return value
        if place.type.name == "base64Binary":
            return self._data(value, action, parent)
        new, found = self.values.changed(value, place, action, self.person)
        return self._noted(action.value, value, new, found)

    def _capped(self, value: Any, place: Place, parent: Json, around: Place) -> Any:
        """An age, or a birth date, as it may be told; None for a birth date that may not."""
        if place.name == "value" and around.type.name == "Age":
            return ages.capped(parent, value)
        return None if place.name == "birthDate" and ages.is_told(parent, self.today) else value

    def _due(self, place: Place, around: Place) -> Action | None:
        """What becomes of a value that is no link. The ids of elements go with all else; extensions keep their URLs."""
        if place.name == "id" and around.type.kind != "resource":
            return None if place.action in _UNCHANGED else Action.REMOVE
        if place.name == "url" and around.type.name == "Extension":
            return None
        return place.action

    def _linked(self, value: str, place: Place, parent: Json, around: Place) -> str | None:
        """The new text of an id, a reference or a UID; None for what is none, or points at nothing of the store."""
        if place.name == "id" and around.type.kind == "resource":
            return self._fragments.get(value) or self.links.id(around.type.name, value)
        if place.name == "reference" and around.type.name == "Reference":
            return self.links.reference(value, self._fragments)
        if self._is_uid(place, parent, around):
            return self._uid(value, place)
        if place.name in _OF_BUNDLES and around.type.name.startswith("Bundle.entry"):
            return self.links.reference(value, {}) if place.action in _UNCHANGED else self.links.entry(value)
        if place.type.name in _LINKS:
            return self._uri(value)
        return None

    def _uri(self, value: str) -> str | None:
        found = self.links.uri(value, self._fragments)
        if found is None and self.links.regenerate_uids and (new := self.links.dicomweb(value)) != value:
            return new
        return found

    def _is_uid(self, place: Place, parent: Json, around: Place) -> bool:
        """Whether a value is the UID of a study, series or instance."""
        in_imaging = place.name in _UIDS and around.type.name.startswith("Imaging")
        return in_imaging or (
            around.type.name == "Identifier" and place.name == "value" and parent.get("system") == _DICOM_UID
        )

    def _uid(self, value: str, place: Place) -> str | None:
        """A UID as it is to be; None for a text that is none."""
        renewed = self.links.regenerate_uids
        if renewed is None:
            renewed = place.action not in _UNCHANGED
        new = self.links.uid(value)
        return new if renewed or new is None else value

    def _data(self, value: Any, action: Action, parent: Json) -> str | None:
        """Data in base64 as they are to be: cleaned, or removed by all that can't be done to them."""
        if action is not Action.CLEAN or self._path[-1] == "hash" or not isinstance(value, str):
            self._note(action.value, value, None)
            return None
        kind = str(parent.get("contentType") or "")
        new, found = self.attached.cleaned(value, kind, self.person.known, self.person.context)
        if new != value:
            self._note(action.value, value, new, found)
        return new

    def _noted(self, why: str, before: Any, after: Any, found: tuple[FindingKind, ...] = ()) -> Any:
        if after is None or after != before:
            self._note(why, before, after, found)
        return after

    def _note(self, why: str, before: Any, after: Any, found: tuple[FindingKind, ...] = ()) -> None:
        path = ".".join(self._path).replace(".[", "[")
        self.changes.append(Change(path, why, before, after, found))


def _spelled(place: Place) -> str:
    """The name of a field as FHIR spells it, whatever case its first letter came in."""
    return place.name[:1].lower() + place.name[1:]


def _describe(attachment: Json, before: Json) -> None:
    """Let the size and the hash of an attachment be those of its data, in place; of data that went, none."""
    data = attachment.get("data")
    if data == before.get("data"):
        if data is not None and "hash" in before:
            attachment["hash"] = before["hash"]
        return
    attachment.pop("hash", None)
    size = attachment.pop("size", None)
    if isinstance(data, str):
        try:
            raw = base64.b64decode(data)
        except ValueError:  # what nobody checked, in an attachment, may be no base64
            return
        if size is not None:
            attachment["size"] = str(len(raw)) if isinstance(size, str) else len(raw)
        if "hash" in before:
            attachment["hash"] = base64.b64encode(hashlib.sha1(raw).digest()).decode()  # noqa: S324  FHIR's own
