"""What Terraform calls the resources that are served: those that the example of the environment declares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from emulator.provider.flow import Flow
from emulator.provider.tables import FLOWS

_TOKENS: Final = {
    "google_bigquery_dataset": "gcp:bigquery/dataset:Dataset",
    "google_bigquery_dataset_iam_member": "gcp:bigquery/datasetIamMember:DatasetIamMember",
    "google_healthcare_consent_store": "gcp:healthcare/consentStore:ConsentStore",
    "google_healthcare_consent_store_iam_member": "gcp:healthcare/consentStoreIamMember:ConsentStoreIamMember",
    "google_healthcare_dataset": "gcp:healthcare/dataset:Dataset",
    "google_healthcare_dataset_iam_member": "gcp:healthcare/datasetIamMember:DatasetIamMember",
    "google_healthcare_dicom_store": "gcp:healthcare/dicomStore:DicomStore",
    "google_healthcare_dicom_store_iam_member": "gcp:healthcare/dicomStoreIamMember:DicomStoreIamMember",
    "google_healthcare_fhir_store": "gcp:healthcare/fhirStore:FhirStore",
    "google_healthcare_fhir_store_iam_member": "gcp:healthcare/fhirStoreIamMember:FhirStoreIamMember",
    "google_healthcare_hl7_v2_store": "gcp:healthcare/hl7Store:Hl7Store",
    "google_healthcare_hl7_v2_store_iam_member": "gcp:healthcare/hl7StoreIamMember:Hl7StoreIamMember",
    "google_project_iam_member": "gcp:projects/iAMMember:IAMMember",
    "google_project_service": "gcp:projects/service:Service",
    "google_project_service_identity": "gcp:projects/serviceIdentity:ServiceIdentity",
    "google_pubsub_subscription": "gcp:pubsub/subscription:Subscription",
    "google_pubsub_subscription_iam_member": "gcp:pubsub/subscriptionIAMMember:SubscriptionIAMMember",
    "google_pubsub_topic": "gcp:pubsub/topic:Topic",
    "google_pubsub_topic_iam_member": "gcp:pubsub/topicIAMMember:TopicIAMMember",
    "google_service_account": "gcp:serviceaccount/account:Account",
    "google_storage_bucket": "gcp:storage/bucket:Bucket",
    "google_storage_bucket_iam_member": "gcp:storage/bucketIAMMember:BucketIAMMember",
}
RESOURCES: Final[Mapping[str, Flow]] = {name: FLOWS[token] for name, token in _TOKENS.items()}
"""The way of life of each resource, by Terraform's name of its type."""
