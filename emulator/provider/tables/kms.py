"""Cloud KMS: key rings and keys, which Google never deletes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from emulator.provider.flow import Flow
from emulator.provider.model import Call, Resource, props
from emulator.provider.rest import Rest

_RINGS = "projects/{project}/locations/{location}/keyRings"

KEY_RING = Resource(
    resource_type="gcp:kms/keyRing:KeyRing",
    service="kms",
    id=f"{_RINGS}/{{name}}",
    imports=(f"{_RINGS}/{{name}}", "{project}/{location}/{name}", "{location}/{name}"),
    create=Call("POST", _RINGS, {"keyRingId": "{name}"}),
    read=Call("GET", f"{_RINGS}/{{name}}"),
    address=props("name location project"),
    unsent=props("name location project"),
    immutable=props("name location project"),
    computed=props("project"),
)

CRYPTO_KEY = Resource(
    resource_type="gcp:kms/cryptoKey:CryptoKey",
    service="kms",
    id="{+keyRing}/cryptoKeys/{name}",
    imports=("{+keyRing}/cryptoKeys/{name}",),
    create=Call(
        "POST",
        "{+keyRing}/cryptoKeys",
        {"cryptoKeyId": "{name}", "skipInitialVersionCreation": "{skipInitialVersionCreation}"},
    ),
    read=Call("GET", "{+keyRing}/cryptoKeys/{name}"),
    update=Call("PATCH", "{+keyRing}/cryptoKeys/{name}"),
    address=props("name keyRing"),
    unsent=props("name keyRing"),
    local=props("skipInitialVersionCreation"),
    immutable=props(
        "name keyRing purpose importOnly destroyScheduledDuration skipInitialVersionCreation cryptoKeyBackend "
        "versionTemplate.protectionLevel"
    ),
    computed=props(
        "destroyScheduledDuration versionTemplate versionTemplate.protectionLevel importOnly cryptoKeyBackend "
        "keyAccessJustificationsPolicy skipInitialVersionCreation"
    ),
    defaults={"purpose": "ENCRYPT_DECRYPT"},
    rename={"primaries": "primary"},
)


class _KeyRing(Flow):
    """A key ring is created with an empty body."""

    def body(self, values: Mapping[str, Any], *, updating: bool = False) -> Any:
        del values, updating
        return None


class _CryptoKey(Flow):
    """A key rotates from now on; its deletion is the destruction of its versions."""

    def variables(self, values: Mapping[str, Any], settings: Any) -> dict[str, Any]:
        return {"skipInitialVersionCreation": False, **super().variables(values, settings)}

    def body(self, values: Mapping[str, Any], *, updating: bool = False) -> Any:
        sent = super().body(values, updating=updating)
        if "rotationPeriod" in sent and not updating:
            sent["nextRotationTime"] = _next_rotation(sent["rotationPeriod"])
        return sent

    def send_update(self, rest: Rest, old: Mapping[str, Any], values: Mapping[str, Any], changed: set[str]) -> None:
        if "rotationPeriod" not in changed:
            super().send_update(rest, old, values, changed)
            return
        body = self.body(values, updating=True)
        if "rotationPeriod" in body:
            body["nextRotationTime"] = _next_rotation(body["rotationPeriod"])
        mask = ",".join([*sorted(changed), "nextRotationTime"])
        call = Call("PATCH", "{+keyRing}/cryptoKeys/{name}", {"updateMask": mask})
        rest.call("kms", call, self.variables(old, rest.settings), body)

    def delete(self, rest: Rest, state: Mapping[str, Any]) -> None:
        if self.kept(state):
            return
        key = self.variables(state, rest.settings)
        versions = rest.call("kms", Call("GET", "{+keyRing}/cryptoKeys/{name}/cryptoKeyVersions"), key)
        for version in versions.get("cryptoKeyVersions", []):
            if version.get("state") not in ("DESTROYED", "DESTROY_SCHEDULED"):
                rest.call("kms", Call("POST", "{+version}:destroy"), {"version": version["name"]}, {})
        if state.get("rotationPeriod"):
            mask = {"updateMask": "rotationPeriod,nextRotationTime"}
            rest.call("kms", Call("PATCH", "{+keyRing}/cryptoKeys/{name}", mask), key, {})


def _next_rotation(period: str) -> str:
    """When a key with this period (`7776000s`) rotates next, counted from now."""
    moment = datetime.now(UTC) + timedelta(seconds=float(period.removesuffix("s")))
    return moment.isoformat().replace("+00:00", "Z")


FLOWS = (_KeyRing(KEY_RING), _CryptoKey(CRYPTO_KEY))
