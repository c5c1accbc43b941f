"""The stack that a configuration would make, as far as its names are known before it is there."""

from __future__ import annotations

from infra.outputs import HEALTHCARE_ENDPOINT, Outputs
from infra.settings import Settings


def outputs(settings: Settings) -> Outputs:
    """What the stack would export; what Google decides, such as the project's number, is empty."""
    names, project = settings.names, settings.project
    dataset = f"projects/{project}/locations/{settings.location}/datasets/{names.dataset}"
    store = f"{dataset}/dicomStores/{names.dicom_store}"
    return Outputs(
        stack=settings.stack,
        environment=settings.environment,
        project=project,
        project_number="",
        location=settings.location,
        labels=settings.common_labels,
        deletion_protection=settings.deletion_protection,
        dataset_name=dataset,
        dicom_store_name=store,
        dicomweb_url=f"{settings.endpoints.healthcare or HEALTHCARE_ENDPOINT}/v1/{store}/dicomWeb",
        landing_bucket=names.landing_bucket,
        export_bucket=names.export_bucket,
        dicom_topic=f"projects/{project}/topics/{names.dicom_topic}",
        dicom_subscription=f"projects/{project}/subscriptions/{names.dicom_subscription}",
        dead_letter_topic=f"projects/{project}/topics/{names.dead_letter_topic}",
        dead_letter_subscription=f"projects/{project}/subscriptions/{names.dead_letter_subscription}",
        bigquery_dataset=names.bigquery_dataset,
        bigquery_location=settings.location,
        loader_email=f"{names.loader}@{project}.iam.gserviceaccount.com",
        reader_email=f"{names.reader}@{project}.iam.gserviceaccount.com",
        healthcare_agent_email="",
        kms_keys=settings.keys,
        delivery_attempts=settings.max_delivery_attempts,
        audit_bucket=names.audit_bucket if settings.audit_logs else None,
        audit_tables=names.audit_bigquery_dataset if settings.audit_logs else None,
        auditor_email=f"{names.auditor}@{project}.iam.gserviceaccount.com" if settings.auditors else None,
        operator_email=f"{names.operator}@{project}.iam.gserviceaccount.com" if settings.operators else None,
        reader_prefix=settings.reader_prefix or None,
        people=settings.people,
        temp_bucket=names.temp_bucket if settings.dataflow else None,
        endpoints=settings.endpoints,
    )
