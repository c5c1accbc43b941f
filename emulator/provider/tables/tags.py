"""Tags: keys, values and bindings, whose numbers the service chooses; their changes are operations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.provider.flow import Flow
from emulator.provider.model import Call, Resource, props
from emulator.provider.operations import wait
from emulator.provider.rest import Rest, RestError
from emulator.provider.settings import Settings


def _tag(resource_type: str, kind: str, immutable: str) -> Resource:
    """The table's entry for keys, or for values."""
    return Resource(
        resource_type=resource_type,
        service="tags",
        id=f"{kind}/{{name}}",
        imports=(f"{kind}/{{name}}", "{name}"),
        create=Call("POST", kind),
        read=Call("GET", f"{kind}/{{name}}"),
        update=Call("PATCH", f"{kind}/{{name}}"),
        delete=Call("DELETE", f"{kind}/{{name}}"),
        autoname="",
        address=props("name"),
        immutable=props(immutable),
    )


TAG_KEY = _tag("gcp:tags/tagKey:TagKey", "tagKeys", "parent shortName purpose purposeData")
TAG_VALUE = _tag("gcp:tags/tagValue:TagValue", "tagValues", "parent shortName")
TAG_BINDING = Resource(
    resource_type="gcp:tags/tagBinding:TagBinding",
    service="tags",
    id="tagBindings/{+name}",
    imports=("tagBindings/{+name}", "{+name}"),
    create=Call("POST", "tagBindings"),
    read=Call("GET", "tagBindings", {"parent": "{parent}", "pageSize": "300"}),
    delete=Call("DELETE", "tagBindings/{+name}"),
    autoname="",
    address=props("name parent tagValue"),
    immutable=props("parent tagValue"),
)


class _Tag(Flow):
    """A key or value, of whose name the program sees the number."""

    def named(self, made: Mapping[str, Any]) -> dict[str, Any]:
        return {"name": str(made["response"]["name"]).partition("/")[2]}

    def created(self, rest: Rest, values: Mapping[str, Any], made: Mapping[str, Any]) -> None:
        del values
        wait(rest, "tags", made)

    def read(self, rest: Rest, state: Mapping[str, Any]) -> dict[str, Any] | None:
        try:
            return super().read(rest, state)
        except RestError as error:
            if error.code == 403:  # which is all that is said of a tag that is gone
                return None
            raise

    def state(self, live: Mapping[str, Any], given: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
        parent = given.get("parent") or live.get("parent")
        return super().state({**live, "parent": parent}, given, settings)


class _TagBinding(_Tag):
    """A binding, which is found in the list of its resource."""

    def read(self, rest: Rest, state: Mapping[str, Any]) -> dict[str, Any] | None:
        found = rest.call("tags", TAG_BINDING.read or TAG_BINDING.create, state).get("tagBindings", [])
        wanted = f"tagBindings/{state['name']}"
        live = next((each for each in found if each["name"] == wanted), None)
        return None if live is None else self.state(live, state, rest.settings)


FLOWS = (_Tag(TAG_KEY), _Tag(TAG_VALUE), _TagBinding(TAG_BINDING))
