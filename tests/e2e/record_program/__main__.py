"""The program of tests/data/official_plugin: every kind of resource that this project may use, in the recorded shape.

`revision` 2 changes labels, descriptions, a deadline, an object's content, and adds a column.
"""

import json

import pulumi
import pulumi_gcp as gcp

config = pulumi.Config()
revision = config.get_int("revision") or 1
project = gcp.organizations.get_project()
number = project.number
name = project.project_id
gcs_agent = gcp.storage.get_project_service_account().email_address
agent = f"serviceAccount:service-{number}@gcp-sa-healthcare.iam.gserviceaccount.com"
labels = {"environment": "local", "revision": str(revision)}
region = "us-central1"
reader = "user:reader@example.com"

# APIs and the agent
apis = ("healthcare", "bigquery", "storage", "pubsub", "logging", "cloudkms")
services = [
    gcp.projects.Service(f"api-{api}", project=name, service=f"{api}.googleapis.com", disable_on_destroy=False)
    for api in apis
]
identity = gcp.projects.ServiceIdentity(
    "agent", project=name, service="healthcare.googleapis.com", opts=pulumi.ResourceOptions(depends_on=services)
)
after_agent = pulumi.ResourceOptions(depends_on=[identity])

# Keys
ring = gcp.kms.KeyRing("ring", name="hc", location=region)
key = gcp.kms.CryptoKey("key", name="data", key_ring=ring.id, rotation_period="7776000s", labels=labels)
key_grants = [
    gcp.kms.CryptoKeyIAMMember(
        f"key-{who}",
        crypto_key_id=key.id,
        role="roles/cloudkms.cryptoKeyEncrypterDecrypter",
        member=member,
        opts=after_agent,
    )
    for who, member in (("healthcare", agent), ("storage", f"serviceAccount:{gcs_agent}"))
]
may_encrypt = pulumi.ResourceOptions(depends_on=key_grants)

# Buckets
landing = gcp.storage.Bucket(
    "landing",
    name=f"{name}-landing",
    project=name,
    location="US",
    labels=labels,
    force_destroy=True,
    uniform_bucket_level_access=True,
    public_access_prevention="enforced",
    versioning={"enabled": True},
    soft_delete_policy={"retention_duration_seconds": 604800},
    cors=[{"origins": ["*"], "methods": ["GET"], "response_headers": ["Content-Type"], "max_age_seconds": 3600}],
    lifecycle_rules=[
        {"action": {"type": "Delete"}, "condition": {"age": 30, "with_state": "ARCHIVED"}},
        {"action": {"type": "SetStorageClass", "storage_class": "NEARLINE"}, "condition": {"age": 60}},
    ],
)
audit = gcp.storage.Bucket(
    "audit",
    name=f"{name}-audit",
    project=name,
    location="US",
    storage_class="COLDLINE",
    force_destroy=True,
    uniform_bucket_level_access=True,
    public_access_prevention="enforced",
    retention_policy={"retention_period": "86400"},
    logging={"log_bucket": landing.name},
)
export = gcp.storage.Bucket(
    "export",
    name=f"{name}-export",
    project=name,
    location="US",
    labels=labels,
    force_destroy=True,
    uniform_bucket_level_access=True,
    public_access_prevention="enforced",
    versioning={"enabled": True},
    soft_delete_policy={"retention_duration_seconds": 604800},
    encryption={"default_kms_key_name": key.id},
    opts=may_encrypt,
)
readme = gcp.storage.BucketObject(
    "readme",
    bucket=landing.name,
    name="docs/README.txt",
    content=f"revision {revision}",
    content_type="text/plain",
)

# Messages
dead = gcp.pubsub.Topic("dead", name="dicom-dead")
events = gcp.pubsub.Topic("events", name="dicom-events", labels=labels, message_retention_duration="86400s")
schema = gcp.pubsub.Schema(
    "schema",
    name="dicom",
    type="AVRO",
    definition='{"type": "record", "name": "E", "fields": [{"name": "a", "type": "string"}]}',
)
pull = gcp.pubsub.Subscription(
    "pull",
    name="dicom-events-pull",
    topic=events.id,
    labels=labels,
    ack_deadline_seconds=60 if revision == 1 else 90,
    enable_message_ordering=True,
    filter='attributes.action = "StoreInstances"',
    expiration_policy={"ttl": ""},
    dead_letter_policy={"dead_letter_topic": dead.id, "max_delivery_attempts": 5},
    retry_policy={"minimum_backoff": "10s", "maximum_backoff": "600s"},
)
push = gcp.pubsub.Subscription(
    "push", name="dicom-events-push", topic=events.id, push_config={"push_endpoint": "https://example.com/p"}
)
may_publish = [
    gcp.pubsub.TopicIAMMember(
        f"publish-{who}", topic=events.name, role="roles/pubsub.publisher", member=member, opts=after_agent
    )
    for who, member in (("healthcare", agent), ("storage", f"serviceAccount:{gcs_agent}"))
]
gcp.pubsub.SubscriptionIAMMember("subscriber", subscription=pull.name, role="roles/pubsub.subscriber", member=reader)
gcp.storage.Notification(
    "notification",
    bucket=landing.name,
    topic=events.id,
    payload_format="JSON_API_V1",
    event_types=["OBJECT_FINALIZE"],
    object_name_prefix="dicom/",
    opts=pulumi.ResourceOptions(depends_on=may_publish),
)

# Analytics
analytics = gcp.bigquery.Dataset(
    "analytics",
    dataset_id="imaging",
    location="US",
    friendly_name="Imaging",
    description=f"r{revision}",
    default_table_expiration_ms=86400000,
    labels=labels,
    delete_contents_on_destroy=True,
)
columns = [
    {"name": "finding", "type": "STRING", "mode": "NULLABLE"},
    {"name": "d", "type": "DATE", "mode": "NULLABLE"},
    *([{"name": "extra", "type": "INTEGER", "mode": "NULLABLE"}] if revision > 1 else []),
]
table = gcp.bigquery.Table(
    "labels",
    dataset_id=analytics.dataset_id,
    table_id="labels",
    labels=labels,
    schema=json.dumps(columns),
    time_partitioning={"type": "DAY", "field": "d"},
    clusterings=["finding"],
    deletion_protection=False,
)
gcp.bigquery.Table(
    "by-finding",
    dataset_id=analytics.dataset_id,
    table_id="by_finding",
    view={
        "query": f"SELECT finding, COUNT(*) n FROM `{name}.imaging.labels` GROUP BY finding",
        "use_legacy_sql": False,
    },
    deletion_protection=False,
    opts=pulumi.ResourceOptions(depends_on=[table]),
)
may_write = gcp.bigquery.DatasetIamMember(
    "write", dataset_id=analytics.dataset_id, role="roles/bigquery.dataEditor", member=agent, opts=after_agent
)

# Healthcare
gcp.healthcare.Dataset("plain", name="plain", location=region)
dataset = gcp.healthcare.Dataset(
    "imaging",
    name="imaging",
    location=region,
    time_zone="UTC",
    encryption_spec={"kms_key_name": key.id},
    opts=may_encrypt,
)
granted = pulumi.ResourceOptions(depends_on=[*may_publish, may_write])
dicom = gcp.healthcare.DicomStore(
    "dicom",
    name="xrays",
    dataset=dataset.id,
    labels=labels,
    notification_config={"pubsub_topic": events.id, "send_for_bulk_import": True},
    stream_configs=[{"bigquery_destination": {"table_uri": f"bq://{name}.imaging.dicom"}}],
    opts=granted,
)
fhir = gcp.healthcare.FhirStore(
    "fhir",
    name="fhir",
    dataset=dataset.id,
    version="R4",
    labels=labels,
    enable_update_create=True,
    notification_configs=[{"pubsub_topic": events.id, "send_full_resource": True}],
    stream_configs=[
        {
            "resource_types": ["Patient"],
            "bigquery_destination": {
                "dataset_uri": f"bq://{name}.imaging",
                "schema_config": {"recursive_structure_depth": 3, "schema_type": "ANALYTICS_V2"},
            },
        }
    ],
    opts=granted,
)
hl7 = gcp.healthcare.Hl7Store(
    "hl7",
    name="hl7",
    dataset=dataset.id,
    labels=labels,
    reject_duplicate_message=True,
    parser_config={"segment_terminator": "DQ==", "version": "V3"},
    notification_configs=[{"pubsub_topic": events.id, "filter": 'messageType="ADT"'}],
    opts=granted,
)
consent = gcp.healthcare.ConsentStore(
    "consent",
    name="consent",
    dataset=dataset.id,
    labels=labels,
    default_consent_ttl="86400s",
    enable_consent_create_on_update=True,
)
gcp.healthcare.DatasetIamMember(
    "dataset-reader", dataset_id=dataset.id, role="roles/healthcare.datasetViewer", member=reader
)
gcp.healthcare.DicomStoreIamMember("dicom-reader", dicom_store_id=dicom.id, role="roles/viewer", member=reader)
gcp.healthcare.FhirStoreIamMember("fhir-reader", fhir_store_id=fhir.id, role="roles/viewer", member=reader)
gcp.healthcare.Hl7StoreIamMember("hl7-reader", hl7_v2_store_id=hl7.id, role="roles/viewer", member=reader)
gcp.healthcare.ConsentStoreIamMember(
    "consent-reader", dataset=dataset.id, consent_store_id=consent.name, role="roles/viewer", member=reader
)

# Access
loader = gcp.serviceaccount.Account("loader", account_id="hc-loader", display_name=f"Loader {revision}")
gcp.serviceaccount.IAMMember(
    "impersonate",
    service_account_id=loader.name,
    role="roles/iam.serviceAccountTokenCreator",
    member="user:dev@example.com",
)
gcp.storage.BucketIAMMember(
    "landing-agent", bucket=landing.name, role="roles/storage.objectViewer", member=agent, opts=after_agent
)
gcp.storage.BucketIAMMember(
    "landing-loader", bucket=landing.name, role="roles/storage.objectAdmin", member=loader.member
)
gcp.storage.BucketIAMMember(
    "export-agent", bucket=export.name, role="roles/storage.objectAdmin", member=agent, opts=after_agent
)
gcp.projects.IAMMember("jobs-agent", project=name, role="roles/bigquery.jobUser", member=agent, opts=after_agent)
gcp.projects.IAMMember(
    "jobs-loader",
    project=name,
    role="roles/bigquery.jobUser",
    member=loader.member,
    condition={"title": "until", "expression": 'request.time < timestamp("2030-01-01T00:00:00Z")'},
)

# Audit
gcp.projects.IAMAuditConfig(
    "audit-config",
    project=name,
    service="healthcare.googleapis.com",
    audit_log_configs=[{"log_type": "DATA_WRITE"}, {"log_type": "DATA_READ"}],
)
sink = gcp.logging.ProjectSink(
    "sink",
    name="hc-audit",
    destination=audit.name.apply(lambda bucket: f"storage.googleapis.com/{bucket}"),
    filter='protoPayload.serviceName="healthcare.googleapis.com"',
    unique_writer_identity=True,
)
gcp.storage.BucketIAMMember(
    "audit-sink", bucket=audit.name, role="roles/storage.objectCreator", member=sink.writer_identity
)
channel = gcp.monitoring.NotificationChannel(
    "channel", display_name="security", type="email", labels={"email_address": "security@example.com"}
)
gcp.monitoring.AlertPolicy(
    "alert",
    display_name="IAM change",
    combiner="OR",
    conditions=[{"display_name": "c", "condition_matched_log": {"filter": 'protoPayload.methodName:"SetIamPolicy"'}}],
    alert_strategy={"notification_rate_limit": {"period": "300s"}},
    notification_channels=[channel.name],
)
gcp.cloudscheduler.Job(
    "nightly",
    name="nightly-export",
    region=region,
    schedule="0 2 * * *",
    time_zone="UTC",
    pubsub_target={"topic_name": events.id, "data": "eA=="},
)
pulumi.export("dataset", dataset.id)
pulumi.export("store", dicom.id)
pulumi.export("secret", pulumi.Output.secret("hidden"))
