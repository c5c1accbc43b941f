"""Properties of the declared graph: private buckets, additive grants, every grant before what needs it."""

from __future__ import annotations

from typing import Any

import pytest

from infra.outputs import Outputs
from infra.settings import SettingsError
from tests.infra.graph import BIGQUERY_AGENT, NUMBER, PROJECT, STORAGE_AGENT, Graph, declare, emulated, settings

HEALTHCARE_AGENT = f"serviceAccount:service-{NUMBER}@gcp-sa-healthcare.iam.gserviceaccount.com"
PUBSUB_AGENT = f"serviceAccount:service-{NUMBER}@gcp-sa-pubsub.iam.gserviceaccount.com"
LOADER = f"serviceAccount:imaging-dev-loader@{PROJECT}.iam.gserviceaccount.com"
READER = f"serviceAccount:imaging-dev-reader@{PROJECT}.iam.gserviceaccount.com"

HOLDS_DATA = (
    "storage/bucket:Bucket",
    "healthcare/dataset:Dataset",
    "healthcare/dicomStore:DicomStore",
    "bigquery/dataset:Dataset",
)

KEY = "projects/keys/locations/us-central1/keyRings/imaging/cryptoKeys/data"
EVERY_OPTION = {
    "streamToBigQuery": "true",
    "landingDays": "30",
    "exportDays": "60",
    "encryptionKey": KEY,
    "auditLogs": "true",
    "dataflow": "true",
    "labels": '{"team": "radiology"}',
    "loaders": '["group:radiology@example.org"]',
    "readers": '["user:ada@example.org"]',
}


@pytest.fixture(scope="module", params=["plain", "every option", "emulated"])
def graph(request: pytest.FixtureRequest) -> Graph:
    """The program in each of its shapes."""
    chosen = {
        "plain": settings(),
        "every option": settings(**EVERY_OPTION),
        "emulated": emulated("dev", deletionProtection="false"),
    }[request.param]
    return declare(chosen)


def grants(graph: Graph) -> list[tuple[str, str, str]]:
    return sorted(
        (item.kind.split(":")[1].split("/")[0], item.inputs["role"], item.inputs["member"])
        for item in graph
        if "role" in item.inputs
    )


def test_every_bucket_is_uniform_private_versioned_and_labelled(graph: Graph) -> None:
    kept = [bucket for bucket in graph.of("storage/bucket:Bucket") if bucket.name != "temp-bucket"]
    assert kept
    for bucket in kept:
        assert bucket.inputs["uniformBucketLevelAccess"] is True
        assert bucket.inputs["publicAccessPrevention"] == "enforced"
        assert bucket.inputs["versioning"] == {"enabled": "retentionPolicy" not in bucket.inputs}
        assert bucket.inputs["labels"]["managed-by"] == "pulumi"
        assert bucket.inputs["project"] == PROJECT
        assert bucket.inputs["softDeletePolicy"] == {"retentionDurationSeconds": 7 * 86400}
        assert {"type": "AbortIncompleteMultipartUpload"} in [
            rule["action"] for rule in bucket.inputs["lifecycleRules"]
        ]


def test_every_grant_is_additive(graph: Graph) -> None:
    authoritative = ("Binding", "Policy", "DatasetAccess")
    granting = [item.kind for item in graph if "role" in item.inputs or item.kind.endswith(authoritative)]
    assert granting
    assert [kind for kind in granting if not kind.lower().endswith("iammember")] == []


def test_nothing_is_public_and_no_basic_role_is_given(graph: Graph) -> None:
    for _, role, member in grants(graph):
        assert not member.startswith("all")
        assert role not in ("roles/owner", "roles/editor", "roles/viewer")
    for item in graph:
        assert "allUsers" not in str(item.inputs)
        assert "allAuthenticatedUsers" not in str(item.inputs)


def test_the_agents_get_what_google_documents_and_no_more() -> None:
    given = grants(declare(settings()))
    assert [(service, role) for service, role, member in given if member == HEALTHCARE_AGENT] == [
        ("bigquery", "roles/bigquery.dataEditor"),
        ("projects", "roles/bigquery.jobUser"),
        ("pubsub", "roles/pubsub.publisher"),
        ("storage", "roles/storage.objectAdmin"),
        ("storage", "roles/storage.objectViewer"),
    ]
    assert [(service, role) for service, role, member in given if member == PUBSUB_AGENT] == [
        ("pubsub", "roles/pubsub.publisher"),
        ("pubsub", "roles/pubsub.subscriber"),
    ]


def test_the_agent_may_write_only_the_export_bucket() -> None:
    graph = declare(settings())
    member = graph.one("storage/bucketIAMMember:BucketIAMMember", role="roles/storage.objectAdmin")
    assert (member.inputs["bucket"], member.inputs["member"]) == (f"{PROJECT}-dev-export", HEALTHCARE_AGENT)


def test_the_service_accounts_get_no_more_than_their_work_needs() -> None:
    given = grants(declare(settings()))
    assert [(service, role) for service, role, member in given if member == LOADER] == [
        ("bigquery", "roles/bigquery.dataEditor"),
        ("healthcare", "roles/healthcare.datasetViewer"),
        ("healthcare", "roles/healthcare.dicomEditor"),
        ("projects", "roles/bigquery.jobUser"),
        ("projects", "roles/logging.viewer"),
        ("projects", "roles/serviceusage.serviceUsageConsumer"),
        ("storage", "roles/storage.objectCreator"),
        ("storage", "roles/storage.objectUser"),
        ("storage", "roles/storage.objectViewer"),
        ("storage", "roles/storage.objectViewer"),
    ]
    assert [(service, role) for service, role, member in given if member == READER] == [
        ("bigquery", "roles/bigquery.dataViewer"),
        ("healthcare", "roles/healthcare.datasetViewer"),
        ("healthcare", "roles/healthcare.dicomViewer"),
        ("projects", "roles/bigquery.jobUser"),
        ("pubsub", "roles/pubsub.subscriber"),
        ("storage", "roles/storage.objectViewer"),
    ]


def test_an_agent_is_asked_for_before_it_is_granted_anything(graph: Graph) -> None:
    identities = {
        HEALTHCARE_AGENT: graph.one("projects/serviceIdentity:ServiceIdentity", service="healthcare.googleapis.com"),
        PUBSUB_AGENT: graph.one("projects/serviceIdentity:ServiceIdentity", service="pubsub.googleapis.com"),
    }
    granted = [item for item in graph if item.inputs.get("member") in identities]
    assert granted
    for item in granted:
        assert identities[item.inputs["member"]].urn in graph.before(item), item.name


def test_with_a_key_everything_that_holds_data_is_encrypted_with_it_once_its_agent_may() -> None:
    graph = declare(settings(encryptionKey=KEY))
    uses: dict[str, tuple[str, dict[str, Any]]] = {
        "storage/bucket:Bucket": (STORAGE_AGENT, {"encryption": {"defaultKmsKeyName": KEY}}),
        "healthcare/dataset:Dataset": (HEALTHCARE_AGENT, {"encryptionSpec": {"kmsKeyName": KEY}}),
        "pubsub/topic:Topic": (PUBSUB_AGENT, {"kmsKeyName": KEY}),
        "bigquery/dataset:Dataset": (BIGQUERY_AGENT, {"defaultEncryptionConfiguration": {"kmsKeyName": KEY}}),
    }
    for kind, (agent, inputs) in uses.items():
        member = "serviceAccount:" + agent.removeprefix("serviceAccount:")
        grant = graph.one("kms/cryptoKeyIAMMember:CryptoKeyIAMMember", member=member)
        assert (grant.inputs["cryptoKeyId"], grant.inputs["role"]) == (
            KEY,
            "roles/cloudkms.cryptoKeyEncrypterDecrypter",
        )
        for item in graph.of(kind):
            assert inputs.items() <= item.inputs.items()
            assert grant.urn in graph.before(item)
    assert graph.outputs["kms_keys"] == dict.fromkeys(("bigquery", "healthcare", "objects", "pubsub"), KEY)


def test_without_a_key_no_key_is_touched() -> None:
    graph = declare(settings())
    assert "encryption" not in str([item.inputs for item in graph]).lower()
    assert [item for item in graph if "kms" in item.kind] == []


def test_the_audit_trail_logs_every_access_and_nobody_can_delete_it_early() -> None:
    graph = declare(settings(auditLogs="true", auditDays="500"))
    (config,) = graph.of("projects/iAMAuditConfig:IAMAuditConfig")
    logged = {item["logType"] for item in config.inputs["auditLogConfigs"]}
    assert (config.inputs["service"], logged) == (
        "healthcare.googleapis.com",
        {"ADMIN_READ", "DATA_READ", "DATA_WRITE"},
    )
    sink = graph.one("logging/projectSink:ProjectSink", name="imaging-dev-audit")
    tables = graph.one("logging/projectSink:ProjectSink", name="imaging-dev-audit-tables")
    assert sink.inputs["destination"] == f"storage.googleapis.com/{PROJECT}-dev-audit"
    assert tables.inputs["destination"] == f"bigquery.googleapis.com/projects/{PROJECT}/datasets/imaging_dev_audit"
    assert tables.inputs["filter"] == sink.inputs["filter"]
    assert config.keep  # it is the whole project's, and so other environments' of it
    assert f'"projects/{PROJECT}/locations/us-central1/datasets/imaging-dev/"' in sink.inputs["filter"]
    writes = graph.one("storage/bucketIAMMember:BucketIAMMember", bucket=f"{PROJECT}-dev-audit")
    assert (writes.inputs["role"], "sink-writer@" in writes.inputs["member"]) == (
        "roles/storage.objectCreator",
        True,
    )
    bucket = graph.one("storage/bucket:Bucket", name=f"{PROJECT}-dev-audit")
    assert bucket.inputs["retentionPolicy"] == {"retentionPeriod": str(500 * 86400)}
    assert graph.outputs["audit_bucket"] == f"{PROJECT}-dev-audit"


def test_the_audit_trail_is_locked_for_good_only_where_somebody_says_so() -> None:
    graph = declare(settings(auditLogs="true", auditDays="500", auditLocked="true"))
    bucket = graph.one("storage/bucket:Bucket", name=f"{PROJECT}-dev-audit")
    assert bucket.inputs["retentionPolicy"] == {"retentionPeriod": str(500 * 86400), "isLocked": True}


def test_where_data_may_be_lost_so_may_the_audit_trail() -> None:
    graph = declare(settings(auditLogs="true", deletionProtection="false"))
    assert "retentionPolicy" not in graph.one("storage/bucket:Bucket", name=f"{PROJECT}-dev-audit").inputs


def test_without_audit_logs_there_is_no_audit_bucket() -> None:
    graph = declare(settings())
    assert [item for item in graph if "udit" in item.kind + item.name] == []
    assert graph.outputs["audit_bucket"] is None


def test_the_store_waits_for_every_grant_of_its_agent(graph: Graph) -> None:
    (store,) = graph.of("healthcare/dicomStore:DicomStore")
    granted = {item.urn for item in graph if item.inputs.get("member") == HEALTHCARE_AGENT}
    assert granted
    assert granted <= graph.before(store)


def test_the_subscription_waits_until_dead_letters_can_be_moved(graph: Graph) -> None:
    subscription = next(
        item for item in graph.of("pubsub/subscription:Subscription") if "deadLetterPolicy" in item.inputs
    )
    may_publish = graph.one("pubsub/topicIAMMember:TopicIAMMember", member=PUBSUB_AGENT)
    assert may_publish.urn in graph.before(subscription)
    assert subscription.inputs["deadLetterPolicy"]["deadLetterTopic"].endswith(may_publish.inputs["topic"])


@pytest.mark.parametrize(
    ("kind", "api"),
    [
        ("storage/bucket:Bucket", "storage.googleapis.com"),
        ("healthcare/dataset:Dataset", "healthcare.googleapis.com"),
        ("healthcare/dicomStore:DicomStore", "healthcare.googleapis.com"),
        ("pubsub/topic:Topic", "pubsub.googleapis.com"),
        ("pubsub/subscription:Subscription", "pubsub.googleapis.com"),
        ("bigquery/dataset:Dataset", "bigquery.googleapis.com"),
        ("serviceaccount/account:Account", "iam.googleapis.com"),
        ("projects/iAMMember:IAMMember", "cloudresourcemanager.googleapis.com"),
    ],
)
def test_an_api_is_enabled_before_its_first_resource(graph: Graph, kind: str, api: str) -> None:
    service = graph.one("projects/service:Service", service=api)
    for item in graph.of(kind):
        assert service.urn in graph.before(item), item.name


def test_an_api_stays_enabled_when_the_stack_goes(graph: Graph) -> None:
    assert {item.inputs["disableOnDestroy"] for item in graph.of("projects/service:Service")} == {False}


@pytest.mark.parametrize("protected", [True, False])
def test_deletion_protection_covers_all_that_holds_data(*, protected: bool) -> None:
    graph = declare(settings(deletionProtection=str(protected).lower()))
    assert {item.protect for item in graph.of(*HOLDS_DATA)} == {protected}
    assert {item.inputs["forceDestroy"] for item in graph.of("storage/bucket:Bucket")} == {not protected}
    assert {item.inputs["deleteContentsOnDestroy"] for item in graph.of("bigquery/dataset:Dataset")} == {not protected}


def test_everything_is_deleted_before_it_is_replaced(graph: Graph) -> None:
    assert [item.name for item in graph if not item.delete_before_replace] == []


def test_subscriptions_never_expire(graph: Graph) -> None:
    assert {item.inputs["expirationPolicy"]["ttl"] for item in graph.of("pubsub/subscription:Subscription")} == {""}


def test_every_resource_belongs_to_a_component_and_every_component_has_some(graph: Graph) -> None:
    parents = {item.parent for item in graph}
    assert parents == {component.urn for component in graph.components()}


def test_notifications_of_bulk_imports_follow_the_settings() -> None:
    for text, wanted in (("true", True), ("false", False)):
        (store,) = declare(settings(notifyOnBulkImport=text)).of("healthcare/dicomStore:DicomStore")
        assert store.inputs["notificationConfig"] == {
            "pubsubTopic": f"projects/{PROJECT}/topics/imaging-dev-dicom",
            "sendForBulkImport": wanted,
        }


def test_the_stream_is_off_unless_asked_for() -> None:
    (store,) = declare(settings()).of("healthcare/dicomStore:DicomStore")
    assert "streamConfigs" not in store.inputs
    graph = declare(settings(streamToBigQuery="true"))
    (store,) = graph.of("healthcare/dicomStore:DicomStore")
    table = f"bq://{PROJECT}.imaging_dev.dicom_stream"
    assert store.inputs["streamConfigs"] == [{"bigqueryDestination": {"tableUri": table}}]
    assert graph.outputs["dicom_stream_table"] == table


def test_live_files_are_only_removed_where_the_settings_say_so() -> None:
    def ages(graph: Graph, bucket: str) -> list[int]:
        rules = graph.one("storage/bucket:Bucket", name=bucket).inputs["lifecycleRules"]
        return [rule["condition"]["age"] for rule in rules if rule["condition"].get("withState") == "LIVE"]

    plain = declare(settings())
    limited = declare(settings(landingDays="30", exportDays="60"))
    assert [ages(plain, f"{PROJECT}-dev-{name}") for name in ("landing", "export")] == [[], []]
    assert [ages(limited, f"{PROJECT}-dev-{name}") for name in ("landing", "export")] == [[30], [60]]


def test_only_the_people_named_may_act_as_the_service_accounts() -> None:
    graph = declare(settings(**EVERY_OPTION))
    given = {
        (item.inputs["serviceAccountId"].rpartition("/")[2].partition("@")[0], item.inputs["member"])
        for item in graph.of("serviceaccount/iAMMember:IAMMember")
    }
    assert given == {
        ("imaging-dev-loader", "group:radiology@example.org"),
        ("imaging-dev-loader", LOADER),
        ("imaging-dev-reader", "user:ada@example.org"),
    }


def test_messages_stay_in_the_region() -> None:
    for topic in declare(settings(location="europe-west4")).of("pubsub/topic:Topic"):
        assert topic.inputs["messageStoragePolicy"] == {"allowedPersistenceRegions": ["europe-west4"]}
    for topic in declare(settings(location="us")).of("pubsub/topic:Topic"):
        assert "messageStoragePolicy" not in topic.inputs


def test_two_environments_share_no_name() -> None:
    def names(environment: str) -> set[str]:
        graph = declare(settings(environment=environment))
        keys = ("name", "datasetId", "accountId")
        own = [
            item for item in graph if item.kind != "gcp:healthcare/dicomStore:DicomStore" and "role" not in item.inputs
        ]
        return {str(item.inputs[key]) for item in own for key in keys if key in item.inputs}

    assert names("one")
    assert names("one") & names("two") == set()


def test_a_grant_that_another_environment_has_too_stays_when_one_of_them_goes() -> None:
    """Two grants of one role on one thing to one member are one to Google: who deletes the second takes the first."""
    shared = {"encryptionKey": KEY, "useDataset": "d", "useLandingBucket": "landing", "useExportBucket": "export"}

    def granted(environment: str) -> dict[str, bool]:
        graph = declare(settings(environment=environment, research="true", dataflow="true", **shared))
        return {f"{each.kind} {sorted(each.inputs.items())}": each.keep for each in graph if "role" in each.inputs}

    one, two = granted("one"), granted("two")
    both = set(one) & set(two)
    assert len(both) == len(("jobUser", "landing", "export")) + len(("storage", "bigquery", "healthcare", "pubsub")) + 2
    assert {each for each in one if one[each]} == {each for each in two if two[each]} == both


def test_the_outputs_are_what_the_scripts_read() -> None:
    values = declare(emulated("dev")).outputs
    outputs = Outputs.from_mapping(values)
    store = f"projects/{PROJECT}/locations/us-central1/datasets/imaging-dev/dicomStores/dicom"
    assert outputs.dicom_store_name == store
    assert outputs.dicomweb_url == f"http://127.0.0.1:9470/v1/{store}/dicomWeb"
    assert outputs.dicom_subscription == f"projects/{PROJECT}/subscriptions/imaging-dev-dicom-watch"
    assert outputs.endpoints.pubsub_grpc == "127.0.0.1:9471"
    assert outputs.endpoints.bigquery == "http://127.0.0.1:9470"
    assert outputs.emulated
    assert f"serviceAccount:{outputs.healthcare_agent_email}" == HEALTHCARE_AGENT


def test_on_google_cloud_the_outputs_have_no_endpoints() -> None:
    outputs = Outputs.from_mapping(declare(settings()).outputs)
    assert not outputs.emulated
    assert outputs.dicomweb_url.startswith("https://healthcare.googleapis.com/v1/projects/")


def test_a_project_that_cannot_be_read_is_one_sentence_with_a_remedy() -> None:
    failing = {"gcp:organizations/getProject:getProject": "connection refused"}
    with pytest.raises(SettingsError, match=r"is the emulator running at http://127\.0\.0\.1:9470"):
        declare(emulated(), failing)
    with pytest.raises(SettingsError, match="does it exist, may you see it"):
        declare(settings(), failing)


def test_a_project_without_a_number_is_refused() -> None:
    with pytest.raises(SettingsError, match="has no number"):
        declare(settings(), {"gcp:organizations/getProject:getProject": {"number": "", "projectId": PROJECT}})
