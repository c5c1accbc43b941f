"""Cloud Storage: buckets and their notifications (objects are in objects.py)."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from emulator.provider.flow import Flow, FlowError, Naming
from emulator.provider.model import Call, Resource, props
from emulator.provider.rest import Rest, RestError
from emulator.provider.settings import Settings
from emulator.provider.tables.objects import OBJECT_FLOW

BUCKET = Resource(
    resource_type="gcp:storage/bucket:Bucket",
    service="storage",
    id="{name}",
    imports=("{project}/{name}", "{name}"),
    create=Call("POST", "b", {"project": "{project}"}),
    read=Call("GET", "b/{name}"),
    update=Call("PATCH", "b/{name}"),
    delete=Call("DELETE", "b/{name}"),
    address=props("name project"),
    unsent=props("project enableObjectRetention"),
    local=props(
        "forceDestroy lifecycleRules.condition.sendAgeIfZero lifecycleRules.condition.sendDaysSinceCustomTimeIfZero "
        "lifecycleRules.condition.sendDaysSinceNoncurrentTimeIfZero lifecycleRules.condition.sendNumNewerVersionsIfZero"
    ),
    immutable=props("name location project enableObjectRetention customPlacementConfig hierarchicalNamespace"),
    computed=props(
        "project publicAccessPrevention uniformBucketLevelAccess softDeletePolicy softDeletePolicy.effectiveTime rpo "
        "versioning autoclass.terminalStorageClass logging.logObjectPrefix lifecycleRules.condition.withState "
        "encryption.effectiveTime "
        "encryption.customerManagedEncryptionEnforcementConfig encryption.customerSuppliedEncryptionEnforcementConfig "
        "encryption.googleManagedEncryptionEnforcementConfig"
    ),
    defaults={"storageClass": "STANDARD", "forceDestroy": False},
    rename={
        "origins": "origin",
        "methods": "method",
        "responseHeaders": "responseHeader",
        "matchesPrefixes": "matchesPrefix",
        "matchesStorageClasses": "matchesStorageClass",
        "matchesSuffixes": "matchesSuffix",
    },
    unordered=props("lifecycleRules"),
    ignore_case=props("location"),
    text_numbers=props(
        "softDeletePolicy.retentionDurationSeconds lifecycleRules.condition.sizeAboveBytes "
        "lifecycleRules.condition.sizeBelowBytes"
    ),
    mask=False,
)
# Where the API keeps what is a property of its own in the program.
_KEPT_IN = {
    "lifecycleRules": "lifecycle",
    "uniformBucketLevelAccess": "iamConfiguration",
    "publicAccessPrevention": "iamConfiguration",
    "requesterPays": "billing",
}
_LIVE = {True: "LIVE", False: "ARCHIVED"}


class _Bucket(Flow):
    """A bucket: access, lifecycle and billing are nested in the API, and only what changed is patched."""

    def made_name(self, name: Naming) -> str:
        return super().made_name(name).lower()

    def derived(self, values: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
        return {**super().derived(values, settings), "url": f"gs://{values['name']}"}

    def create(self, rest: Rest, inputs: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        if inputs.get("enableObjectRetention"):
            flow = _Bucket(_with_object_retention())
            return Flow.create(flow, rest, inputs)
        return super().create(rest, inputs)

    def created(self, rest: Rest, values: Mapping[str, Any], made: Mapping[str, Any]) -> None:
        if (values.get("retentionPolicy") or {}).get("isLocked"):
            self._lock(rest, values, made)

    def _lock(self, rest: Rest, values: Mapping[str, Any], bucket: Mapping[str, Any]) -> None:
        call = Call("POST", "b/{name}/lockRetentionPolicy", {"ifMetagenerationMatch": "{metageneration}"})
        rest.call("storage", call, {"name": values["name"], "metageneration": bucket["metageneration"]})

    def body(self, values: Mapping[str, Any], *, updating: bool = False) -> Any:
        sent = super().body(values, updating=updating)
        sent.get("retentionPolicy", {}).pop("isLocked", None)
        sent["lifecycle"] = {"rule": [_sent_rule(rule) for rule in sent.pop("lifecycleRules", [])]}
        access = {"uniformBucketLevelAccess": {"enabled": bool(sent.pop("uniformBucketLevelAccess", False))}}
        if "publicAccessPrevention" in sent:
            access["publicAccessPrevention"] = sent.pop("publicAccessPrevention")
        sent["iamConfiguration"] = access
        if "requesterPays" in sent:
            sent["billing"] = {"requesterPays": sent.pop("requesterPays")}
        return sent

    def state(self, live: Mapping[str, Any], given: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
        access = live.get("iamConfiguration") or {}
        flat = {
            **live,
            "lifecycleRules": [_read_rule(rule) for rule in (live.get("lifecycle") or {}).get("rule", [])],
            "uniformBucketLevelAccess": (access.get("uniformBucketLevelAccess") or {}).get("enabled", False),
            "publicAccessPrevention": access.get("publicAccessPrevention"),
            "requesterPays": (live.get("billing") or {}).get("requesterPays", False),
            "enableObjectRetention": (live.get("objectRetention") or {}).get("mode") == "Enabled",
        }
        return super().state(flat, given, settings)

    def send_update(self, rest: Rest, old: Mapping[str, Any], values: Mapping[str, Any], changed: set[str]) -> None:
        body = self.body(values, updating=True)
        keys = {_KEPT_IN.get(name, name) for name in changed}
        patch = {key: body.get(key) for key in sorted(keys)}
        if "labels" in patch:
            gone = (old.get("effectiveLabels") or {}).keys() - (patch["labels"] or {}).keys()
            patch["labels"] = {**(patch["labels"] or {}), **dict.fromkeys(gone)}
        bucket = rest.call("storage", Call("PATCH", "b/{name}"), old, patch)
        retention = values.get("retentionPolicy") or {}
        if retention.get("isLocked") and not (old.get("retentionPolicy") or {}).get("isLocked"):
            self._lock(rest, values, bucket)

    def delete(self, rest: Rest, state: Mapping[str, Any]) -> None:
        if self.kept(state):
            return
        try:
            rest.call("storage", Call("GET", "b/{name}/anywhereCaches/"), state)
        except RestError as error:
            if error.code not in (404, 501):
                raise
        self._empty(rest, state)
        super().delete(rest, state)

    def _empty(self, rest: Rest, state: Mapping[str, Any]) -> None:
        """Delete every generation of every object, where the program allows it."""
        token: str | None = None
        while True:
            query = {"versions": "true", **({"pageToken": token} if token else {})}
            try:
                page = rest.call("storage", Call("GET", "b/{name}/o", query), state)
            except RestError as error:
                if error.code == 404:
                    return
                raise
            items = page.get("items", [])
            if items and not state.get("forceDestroy"):
                raise FlowError(
                    "it still holds objects (or older versions of them), so it is not deleted; empty it, or set "
                    "forceDestroy to true, run `pulumi up`, then try again"
                )
            with ThreadPoolExecutor(8) as pool:
                list(pool.map(lambda item: _delete_object(rest, str(state["name"]), item), items))
            token = page.get("nextPageToken")
            if not token:
                return


def _delete_object(rest: Rest, bucket: str, item: Mapping[str, Any]) -> None:
    call = Call("DELETE", "b/{bucket}/o/{name}", {"generation": "{generation}"})
    try:
        rest.call("storage", call, {**item, "bucket": bucket})
    except RestError as error:
        if error.code != 404:
            raise


def _with_object_retention() -> Resource:
    return replace(BUCKET, create=Call("POST", "b", {"project": "{project}", "enableObjectRetention": "true"}))


def _sent_rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    condition = dict(rule.get("condition") or {})
    state = condition.pop("withState", "")
    if state in _LIVE.values():
        condition["isLive"] = state == "LIVE"
    return {**rule, "condition": condition}


def _read_rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    condition = dict(rule.get("condition") or {})
    if "isLive" in condition:
        condition["withState"] = _LIVE[condition.pop("isLive")]
    return {**rule, "condition": condition}


NOTIFICATION = Resource(
    resource_type="gcp:storage/notification:Notification",
    service="storage",
    id="{bucket}/notificationConfigs/{notificationId}",
    create=Call("POST", "b/{bucket}/notificationConfigs"),
    read=Call("GET", "b/{bucket}/notificationConfigs/{notificationId}"),
    delete=Call("DELETE", "b/{bucket}/notificationConfigs/{notificationId}"),
    autoname="",
    address=props("bucket notificationId"),
    unsent=props("bucket"),
    immutable=props("bucket payloadFormat topic customAttributes eventTypes objectNamePrefix"),
    rename={
        "payloadFormat": "payload_format",
        "eventTypes": "event_types",
        "objectNamePrefix": "object_name_prefix",
        "customAttributes": "custom_attributes",
    },
    unordered=props("eventTypes"),
)


class _Notification(Flow):
    """The service numbers notifications, and writes a topic with its host in front."""

    def named(self, made: Mapping[str, Any]) -> dict[str, Any]:
        return {"notificationId": made["id"]}

    def state(self, live: Mapping[str, Any], given: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
        topic = str(live.get("topic", "")).removeprefix("//pubsub.googleapis.com/")
        return super().state({**live, "topic": topic}, given, settings)


FLOWS = (_Bucket(BUCKET), _Notification(NOTIFICATION), OBJECT_FLOW)
