"""Pub/Sub: topics, subscriptions and schemas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.provider.flow import Flow, FlowError
from emulator.provider.model import Call, Resource, props
from emulator.provider.rest import Rest
from emulator.provider.settings import Settings

TOPIC = Resource(
    resource_type="gcp:pubsub/topic:Topic",
    service="pubsub",
    id="projects/{project}/topics/{name}",
    imports=("projects/{project}/topics/{name}", "{project}/{name}", "{name}"),
    create=Call("PUT", "projects/{project}/topics/{name}"),
    read=Call("GET", "projects/{project}/topics/{name}"),
    update=Call("PATCH", "projects/{project}/topics/{name}"),
    delete=Call("DELETE", "projects/{project}/topics/{name}"),
    address=props("name project"),
    unsent=props("name project"),
    immutable=props("name project tags"),
    computed=props("project messageStoragePolicy schemaSettings"),
    unordered=props("messageStoragePolicy.allowedPersistenceRegions"),
    wrap="topic",
)

SUBSCRIPTION = Resource(
    resource_type="gcp:pubsub/subscription:Subscription",
    service="pubsub",
    id="projects/{project}/subscriptions/{name}",
    imports=("projects/{project}/subscriptions/{name}", "{project}/{name}", "{name}"),
    create=Call("PUT", "projects/{project}/subscriptions/{name}"),
    read=Call("GET", "projects/{project}/subscriptions/{name}"),
    update=Call("PATCH", "projects/{project}/subscriptions/{name}"),
    delete=Call("DELETE", "projects/{project}/subscriptions/{name}"),
    address=props("name project"),
    unsent=props("name project"),
    immutable=props("name project topic filter enableMessageOrdering tags"),
    computed=props("project ackDeadlineSeconds expirationPolicy pushConfig.attributes cloudStorageConfig.state"),
    defaults={"messageRetentionDuration": "604800s"},
    nulls=props("deadLetterPolicy expirationPolicy retryPolicy"),
    short_names=props("topic"),
    wrap="subscription",
)


class _Subscription(Flow):
    """A topic may be given by its short name; no expiry is `{"ttl": ""}` in the program and `{}` in the API."""

    def body(self, values: Mapping[str, Any], *, updating: bool = False) -> Any:
        sent = super().body(values, updating=updating)
        if "topic" in sent and "/" not in sent["topic"]:
            sent["topic"] = f"projects/{values['project']}/topics/{sent['topic']}"
        if (sent.get("expirationPolicy") or {}).get("ttl") == "":
            sent["expirationPolicy"] = {}
        return sent

    def state(self, live: Mapping[str, Any], given: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
        asked = given.get("expirationPolicy")
        if not live.get("expirationPolicy") and isinstance(asked, dict) and not asked.get("ttl"):
            live = {**live, "expirationPolicy": {"ttl": ""}}
        return super().state(live, given, settings)


_COMMIT = Call("POST", "projects/{project}/schemas/{name}:commit")
SCHEMA = Resource(
    resource_type="gcp:pubsub/schema:Schema",
    service="pubsub",
    id="projects/{project}/schemas/{name}",
    imports=("projects/{project}/schemas/{name}", "{project}/{name}", "{name}"),
    create=Call("POST", "projects/{project}/schemas", {"schemaId": "{name}"}),
    read=Call("GET", "projects/{project}/schemas/{name}"),
    update=_COMMIT,
    delete=Call("DELETE", "projects/{project}/schemas/{name}"),
    address=props("name project"),
    unsent=props("project"),
    immutable=props("name project"),
    computed=props("project type"),
    volatile=props("revisionId"),
)


class _Schema(Flow):
    """A change of a schema is a new revision; a deletion is done when the schema can't be read any more."""

    def send_update(self, rest: Rest, old: Mapping[str, Any], values: Mapping[str, Any], changed: set[str]) -> None:
        del changed
        body = {"name": values["name"], "schema": self.body(values)}
        rest.call("pubsub", _COMMIT, self.variables(old, rest.settings), body)

    def delete(self, rest: Rest, state: Mapping[str, Any]) -> None:
        super().delete(rest, state)
        if self.kept(state):
            return
        pauses = iter((0.1, 0.2, 0.5, 1.0, 2.0))
        while self.read(rest, state) is not None:
            if not rest.pause(pauses):
                raise FlowError("it was deleted, but can still be read")


FLOWS = (Flow(TOPIC), _Subscription(SUBSCRIPTION), _Schema(SCHEMA))
