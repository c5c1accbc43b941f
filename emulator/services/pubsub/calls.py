"""The gRPC methods of Pub/Sub as those of its REST API."""

from __future__ import annotations

from typing import Any

from google.iam.v1 import iam_policy_pb2, policy_pb2
from google.protobuf import empty_pb2
from google.pubsub_v1 import types

from emulator.gateway.grpc.calls import Call

_TOPIC = "pubsub.projects.topics"
_SUBSCRIPTION = "pubsub.projects.subscriptions"
_SCHEMA = "pubsub.projects.schemas"
_SNAPSHOT = "pubsub.projects.snapshots"


def message_class(name: str) -> Any:
    """The plain protobuf class of a Pub/Sub message."""
    return getattr(types, name).pb()


_PAGE = ("pageSize", "pageToken")
_VIEW = (*_PAGE, "view")
CALLS = {
    "Publisher/CreateTopic": Call(f"{_TOPIC}.create", message_class("Topic"), message_class("Topic"), {"name": "name"}),
    "Publisher/UpdateTopic": Call(
        f"{_TOPIC}.patch", message_class("UpdateTopicRequest"), message_class("Topic"), {"name": "topic.name"}
    ),
    "Publisher/GetTopic": Call(
        f"{_TOPIC}.get", message_class("GetTopicRequest"), message_class("Topic"), {"topic": "topic"}, body=""
    ),
    "Publisher/ListTopics": Call(
        f"{_TOPIC}.list",
        message_class("ListTopicsRequest"),
        message_class("ListTopicsResponse"),
        {"project": "project"},
        _PAGE,
        "",
    ),
    "Publisher/ListTopicSubscriptions": Call(
        f"{_TOPIC}.subscriptions.list",
        message_class("ListTopicSubscriptionsRequest"),
        message_class("ListTopicSubscriptionsResponse"),
        {"topic": "topic"},
        _PAGE,
        "",
    ),
    "Publisher/DeleteTopic": Call(
        f"{_TOPIC}.delete", message_class("DeleteTopicRequest"), empty_pb2.Empty, {"topic": "topic"}, body=""
    ),
    "Publisher/ListTopicSnapshots": Call(
        f"{_TOPIC}.snapshots.list",
        message_class("ListTopicSnapshotsRequest"),
        message_class("ListTopicSnapshotsResponse"),
        {"topic": "topic"},
        _PAGE,
        "",
    ),
    "Publisher/DetachSubscription": Call(
        f"{_SUBSCRIPTION}.detach",
        message_class("DetachSubscriptionRequest"),
        message_class("DetachSubscriptionResponse"),
        {"subscription": "subscription"},
        body="",
    ),
    "Subscriber/GetSnapshot": Call(
        f"{_SNAPSHOT}.get",
        message_class("GetSnapshotRequest"),
        message_class("Snapshot"),
        {"snapshot": "snapshot"},
        body="",
    ),
    "Subscriber/ListSnapshots": Call(
        f"{_SNAPSHOT}.list",
        message_class("ListSnapshotsRequest"),
        message_class("ListSnapshotsResponse"),
        {"project": "project"},
        _PAGE,
        "",
    ),
    "Subscriber/CreateSnapshot": Call(
        f"{_SNAPSHOT}.create", message_class("CreateSnapshotRequest"), message_class("Snapshot"), {"name": "name"}
    ),
    "Subscriber/UpdateSnapshot": Call(
        f"{_SNAPSHOT}.patch",
        message_class("UpdateSnapshotRequest"),
        message_class("Snapshot"),
        {"name": "snapshot.name"},
    ),
    "Subscriber/DeleteSnapshot": Call(
        f"{_SNAPSHOT}.delete",
        message_class("DeleteSnapshotRequest"),
        empty_pb2.Empty,
        {"snapshot": "snapshot"},
        body="",
    ),
    "Subscriber/Seek": Call(
        f"{_SUBSCRIPTION}.seek",
        message_class("SeekRequest"),
        message_class("SeekResponse"),
        {"subscription": "subscription"},
    ),
    "Subscriber/CreateSubscription": Call(
        f"{_SUBSCRIPTION}.create", message_class("Subscription"), message_class("Subscription"), {"name": "name"}
    ),
    "Subscriber/GetSubscription": Call(
        f"{_SUBSCRIPTION}.get",
        message_class("GetSubscriptionRequest"),
        message_class("Subscription"),
        {"subscription": "subscription"},
        body="",
    ),
    "Subscriber/UpdateSubscription": Call(
        f"{_SUBSCRIPTION}.patch",
        message_class("UpdateSubscriptionRequest"),
        message_class("Subscription"),
        {"name": "subscription.name"},
    ),
    "Subscriber/ListSubscriptions": Call(
        f"{_SUBSCRIPTION}.list",
        message_class("ListSubscriptionsRequest"),
        message_class("ListSubscriptionsResponse"),
        {"project": "project"},
        _PAGE,
        "",
    ),
    "Subscriber/DeleteSubscription": Call(
        f"{_SUBSCRIPTION}.delete",
        message_class("DeleteSubscriptionRequest"),
        empty_pb2.Empty,
        {"subscription": "subscription"},
        body="",
    ),
    "Subscriber/ModifyAckDeadline": Call(
        f"{_SUBSCRIPTION}.modifyAckDeadline",
        message_class("ModifyAckDeadlineRequest"),
        empty_pb2.Empty,
        {"subscription": "subscription"},
    ),
    "Subscriber/Acknowledge": Call(
        f"{_SUBSCRIPTION}.acknowledge",
        message_class("AcknowledgeRequest"),
        empty_pb2.Empty,
        {"subscription": "subscription"},
    ),
    "Subscriber/Pull": Call(
        f"{_SUBSCRIPTION}.pull",
        message_class("PullRequest"),
        message_class("PullResponse"),
        {"subscription": "subscription"},
    ),
    "Subscriber/ModifyPushConfig": Call(
        f"{_SUBSCRIPTION}.modifyPushConfig",
        message_class("ModifyPushConfigRequest"),
        empty_pb2.Empty,
        {"subscription": "subscription"},
    ),
    "SchemaService/CreateSchema": Call(
        f"{_SCHEMA}.create",
        message_class("CreateSchemaRequest"),
        message_class("Schema"),
        {"parent": "parent"},
        ("schemaId",),
        "schema",
    ),
    "SchemaService/GetSchema": Call(
        f"{_SCHEMA}.get", message_class("GetSchemaRequest"), message_class("Schema"), {"name": "name"}, ("view",), ""
    ),
    "SchemaService/ListSchemas": Call(
        f"{_SCHEMA}.list",
        message_class("ListSchemasRequest"),
        message_class("ListSchemasResponse"),
        {"parent": "parent"},
        _VIEW,
        "",
    ),
    "SchemaService/CommitSchema": Call(
        f"{_SCHEMA}.commit", message_class("CommitSchemaRequest"), message_class("Schema"), {"name": "name"}
    ),
    "SchemaService/ListSchemaRevisions": Call(
        f"{_SCHEMA}.listRevisions",
        message_class("ListSchemaRevisionsRequest"),
        message_class("ListSchemaRevisionsResponse"),
        {"name": "name"},
        _VIEW,
        "",
    ),
    "SchemaService/RollbackSchema": Call(
        f"{_SCHEMA}.rollback", message_class("RollbackSchemaRequest"), message_class("Schema"), {"name": "name"}
    ),
    "SchemaService/DeleteSchemaRevision": Call(
        f"{_SCHEMA}.deleteRevision",
        message_class("DeleteSchemaRevisionRequest"),
        message_class("Schema"),
        {"name": "name"},
        body="",
    ),
    "SchemaService/ValidateMessage": Call(
        f"{_SCHEMA}.validateMessage",
        message_class("ValidateMessageRequest"),
        message_class("ValidateMessageResponse"),
        {"parent": "parent"},
    ),
    "SchemaService/DeleteSchema": Call(
        f"{_SCHEMA}.delete", message_class("DeleteSchemaRequest"), empty_pb2.Empty, {"name": "name"}, body=""
    ),
    "SchemaService/ValidateSchema": Call(
        f"{_SCHEMA}.validate",
        message_class("ValidateSchemaRequest"),
        message_class("ValidateSchemaResponse"),
        {"parent": "parent"},
    ),
}
# Verb, request, answer, and whether there is a body: of IAMPolicy, whose resource says the rest.
IAM_CALLS = {
    "GetIamPolicy": ("getIamPolicy", iam_policy_pb2.GetIamPolicyRequest, policy_pb2.Policy, ""),
    "SetIamPolicy": ("setIamPolicy", iam_policy_pb2.SetIamPolicyRequest, policy_pb2.Policy, "*"),
    "TestIamPermissions": (
        "testIamPermissions",
        iam_policy_pb2.TestIamPermissionsRequest,
        iam_policy_pb2.TestIamPermissionsResponse,
        "*",
    ),
}
