"""Outputs of made-up stacks."""

from __future__ import annotations

import json

from infra.outputs import ConsentStoreOutputs, Endpoints, FhirStoreOutputs, Outputs

ATTRIBUTES = {
    "purpose": {"category": "REQUEST", "allowedValues": ["care", "research", "teaching"]},
    "requester": {"category": "REQUEST", "allowedValues": ["clinician", "researcher-a", "researcher-b"]},
    "identity": {
        "category": "RESOURCE",
        "allowedValues": ["identifiable", "de-identified"],
        "dataMappingDefaultValue": "identifiable",
    },
}
"""The attributes of stack local, without descriptions."""
STORE = "projects/some-project/locations/us-central1/datasets/imaging/dicomStores/dicom"


def outputs_for(root: str | None, grpc: str | None = None, project: str = "some-project") -> Outputs:
    """Outputs of a stack on Google Cloud (`root` None) or of one that answers at `root`."""
    dataset = f"projects/{project}/locations/us-central1/datasets/imaging"
    names = [name for name in Endpoints.__dataclass_fields__ if name != "pubsub_grpc"]
    endpoints = Endpoints(**dict.fromkeys(names, root), pubsub_grpc=grpc) if root else Endpoints()
    return Outputs(
        stack="local" if root else "dev",
        environment="local" if root else "dev",
        project=project,
        project_number="123456789012",
        location="us-central1",
        labels={},
        deletion_protection=False,
        dataset_name=dataset,
        dicom_store_name=f"{dataset}/dicomStores/dicom",
        dicomweb_url=f"{root or 'https://healthcare.googleapis.com'}/v1/{dataset}/dicomStores/dicom/dicomWeb",
        landing_bucket=f"{project}-landing",
        export_bucket=f"{project}-export",
        dicom_topic=f"projects/{project}/topics/dicom",
        dicom_subscription=f"projects/{project}/subscriptions/dicom-watch",
        dead_letter_topic=f"projects/{project}/topics/dicom-dead",
        dead_letter_subscription=f"projects/{project}/subscriptions/dicom-dead-watch",
        bigquery_dataset="imaging",
        bigquery_location="us-central1",
        loader_email=f"loader@{project}.iam.gserviceaccount.com",
        reader_email=f"reader@{project}.iam.gserviceaccount.com",
        healthcare_agent_email="service-123456789012@gcp-sa-healthcare.iam.gserviceaccount.com",
        fhir_stores={"fhir": FhirStoreOutputs(f"{dataset}/fhirStores/fhir", "R4", "imaging_fhir", streams=False)},
        consent_stores={"consents": ConsentStoreOutputs(f"{dataset}/consentStores/consents", json.dumps(ATTRIBUTES))},
        endpoints=endpoints,
    )
