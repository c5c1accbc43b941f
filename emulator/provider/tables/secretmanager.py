"""Secret Manager: secrets and their versions, whose payloads the program has and the service gives back."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from emulator.provider.flow import Flow
from emulator.provider.model import Call, Resource, props
from emulator.provider.rest import Rest, RestError
from emulator.provider.settings import Settings

_SECRETS = "projects/{project}/secrets"

SECRET = Resource(
    resource_type="gcp:secretmanager/secret:Secret",
    service="secretManager",
    id=f"{_SECRETS}/{{secretId}}",
    imports=(f"{_SECRETS}/{{secretId}}", "{project}/{secretId}", "{secretId}"),
    create=Call("POST", _SECRETS, {"secretId": "{secretId}"}),
    read=Call("GET", f"{_SECRETS}/{{secretId}}"),
    update=Call("PATCH", f"{_SECRETS}/{{secretId}}"),
    delete=Call("DELETE", f"{_SECRETS}/{{secretId}}"),
    autoname="",
    address=props("secretId project"),
    unsent=props("secretId project"),
    local=props("deletionProtection"),
    immutable=props("secretId project replication secretType tags"),
    computed=props("project expireTime"),
    defaults={"deletionProtection": False},
    rename={"auto": "automatic"},
    text_numbers=props("versionAliases"),
)

SECRET_VERSION = Resource(
    resource_type="gcp:secretmanager/secretVersion:SecretVersion",
    service="secretManager",
    id="{+name}",
    imports=("{+name}",),
    create=Call("POST", "{+secret}:addVersion"),
    read=Call("GET", "{+name}"),
    update=Call("POST", "{+name}:enable"),
    delete=Call("POST", "{+name}:destroy"),
    autoname="",
    address=props("name secret"),
    local=props("isSecretDataBase64 secretDataWo secretDataWoVersion"),
    immutable=props("secret secretData isSecretDataBase64 secretDataWoVersion"),
    computed=props("project"),
    defaults={"enabled": True, "isSecretDataBase64": False, "secretDataWoVersion": 0},
    mask=False,
)


class _Secret(Flow):
    """A secret's time to live is sent and never given back."""

    def state(self, live: Mapping[str, Any], given: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
        shown = dict(live)
        if given.get("ttl"):
            shown["ttl"] = given["ttl"]
        return super().state(shown, given, settings)

    def body(self, values: Mapping[str, Any], *, updating: bool = False) -> Any:
        sent = super().body(values, updating=updating)
        if not updating and (values.get("replication") or {}).get("auto") == {}:
            sent["replication"] = {"automatic": {}}
        return sent

    def named(self, made: Mapping[str, Any]) -> dict[str, Any]:
        del made
        return {}


class _SecretVersion(Flow):
    """A version is enabled or disabled by a call of its own after every creation."""

    def body(self, values: Mapping[str, Any], *, updating: bool = False) -> Any:
        if updating:
            return {}
        text = str(values.get("secretData") or values.get("secretDataWo") or "")
        data = text if values.get("isSecretDataBase64") else base64.b64encode(text.encode()).decode()
        return {"payload": {"data": data}}

    def named(self, made: Mapping[str, Any]) -> dict[str, Any]:
        return {"name": made["name"]}

    def created(self, rest: Rest, values: Mapping[str, Any], made: Mapping[str, Any]) -> None:
        del made
        self._switch(rest, values)

    def send_update(self, rest: Rest, old: Mapping[str, Any], values: Mapping[str, Any], changed: set[str]) -> None:
        del old, changed
        self._switch(rest, values)

    def _switch(self, rest: Rest, values: Mapping[str, Any]) -> None:
        verb = "enable" if values.get("enabled", True) else "disable"
        rest.call("secretManager", Call("POST", f"{{+name}}:{verb}"), values, {})

    def read(self, rest: Rest, state: Mapping[str, Any]) -> dict[str, Any] | None:
        found = super().read(rest, state)
        if found is None or found.pop("_state") == "DESTROYED":
            return None
        if found["enabled"]:
            self._read_payload(rest, found)
        return found

    def _read_payload(self, rest: Rest, found: dict[str, Any]) -> None:
        """Take the payload from the service as far as the plugin may read it."""
        try:
            data = rest.call("secretManager", Call("GET", "{+name}:access"), found)["payload"]["data"]
        except RestError:
            return
        if not found.get("secretDataWo"):
            is_base64 = found.get("isSecretDataBase64")
            found["secretData"] = data if is_base64 else base64.b64decode(data).decode(errors="replace")

    def state(self, live: Mapping[str, Any], given: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
        name = str(live["name"])
        shown = {**live, "enabled": live["state"] == "ENABLED", "version": name.rpartition("/")[2]}
        secret = given.get("secret") or name.partition("/versions/")[0]
        kept = super().state({**shown, "secretData": given.get("secretData")}, {**given, "secret": secret}, settings)
        return {**kept, "_state": live["state"]}

    def delete(self, rest: Rest, state: Mapping[str, Any]) -> None:
        if state.get("deletionPolicy") != "DISABLE":
            super().delete(rest, state)
        elif not self.kept(state):
            rest.call("secretManager", Call("POST", "{+name}:disable"), state, {})


FLOWS = (_Secret(SECRET), _SecretVersion(SECRET_VERSION))
