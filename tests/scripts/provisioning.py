"""What `pulumi up` would make, made with Google's clients: an environment on a running emulator."""

from __future__ import annotations

import dataclasses
from typing import Any

from google.cloud import bigquery, storage
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build

from infra.outputs import Outputs
from tests.scripts.outputs import outputs_for
from tests.support.emulator import RunningEmulator

_APIS = ("healthcare", "storage", "pubsub", "bigquery")


class Provisioner:
    """Makes everything a stack would; with the owner's token. `close` lets go of the connections."""

    def __init__(self, emulator: RunningEmulator) -> None:
        self._credentials = Credentials(token=emulator.owner_token)
        self._options = {"api_endpoint": emulator.base_url}
        self._open: list[Any] = []
        project = build_project(self.api("cloudresourcemanager", "v1"), emulator.project)
        number = str(project["projectNumber"])
        self.outputs = dataclasses.replace(
            outputs_for(emulator.base_url, emulator.grpc_address, emulator.project),
            project_number=number,
            healthcare_agent_email=f"service-{number}@gcp-sa-healthcare.iam.gserviceaccount.com",
        )

    def api(self, name: str, version: str) -> Any:
        """A discovery client."""
        client = build(
            name, version, credentials=self._credentials, client_options=self._options, static_discovery=True
        )
        self._open.append(client)
        return client

    def provision(self) -> Outputs:
        """Make it all; gives the outputs."""
        self._enable_apis()
        self._buckets()
        self._messaging()
        self._tables()
        self._healthcare()
        return self.outputs

    def close(self) -> None:
        """Close all clients."""
        for client in self._open:
            client.close()

    @property
    def _agent(self) -> str:
        return f"serviceAccount:{self.outputs.healthcare_agent_email}"

    def _enable_apis(self) -> None:
        services = self.api("serviceusage", "v1").services()
        for name in _APIS:
            full_name = f"projects/{self.outputs.project}/services/{name}.googleapis.com"
            services.enable(name=full_name, body={}).execute()
        beta = self.api("serviceusage", "v1beta1").services()
        parent = f"projects/{self.outputs.project}/services/healthcare.googleapis.com"
        beta.generateServiceIdentity(parent=parent).execute()
        projects = self.api("cloudresourcemanager", "v1").projects()
        policy = projects.getIamPolicy(resource=self.outputs.project, body={}).execute()
        policy.setdefault("bindings", []).append({"role": "roles/bigquery.jobUser", "members": [self._agent]})
        projects.setIamPolicy(resource=self.outputs.project, body={"policy": policy}).execute()

    def _buckets(self) -> None:
        client = storage.Client(
            project=self.outputs.project, credentials=self._credentials, client_options=self._options
        )
        self._open.append(client)
        for name, role in (
            (self.outputs.landing_bucket, "roles/storage.objectViewer"),
            (self.outputs.export_bucket, "roles/storage.objectAdmin"),
        ):
            bucket = client.bucket(name)
            bucket.iam_configuration.uniform_bucket_level_access_enabled = True
            bucket.versioning_enabled = True
            client.create_bucket(bucket, location=self.outputs.location)
            policy = bucket.get_iam_policy(requested_policy_version=3)
            policy.bindings.append({"role": role, "members": {self._agent}})
            bucket.set_iam_policy(policy)

    def _messaging(self) -> None:
        projects = self.api("pubsub", "v1").projects()
        projects.topics().create(name=self.outputs.dicom_topic, body={}).execute()
        projects.subscriptions().create(
            name=self.outputs.dicom_subscription, body={"topic": self.outputs.dicom_topic}
        ).execute()
        binding = {"role": "roles/pubsub.publisher", "members": [self._agent]}
        policy = {"policy": {"bindings": [binding]}}
        projects.topics().setIamPolicy(resource=self.outputs.dicom_topic, body=policy).execute()

    def _tables(self) -> None:
        client = bigquery.Client(
            project=self.outputs.project, credentials=self._credentials, client_options=self._options
        )
        self._open.append(client)
        stores = self.outputs.fhir_stores.values()
        for name in (self.outputs.bigquery_dataset, *(store.bigquery_dataset for store in stores)):
            dataset = bigquery.Dataset(f"{self.outputs.project}.{name}")
            dataset.location = self.outputs.bigquery_location
            made = client.create_dataset(dataset)
            agent = bigquery.AccessEntry("WRITER", "userByEmail", self.outputs.healthcare_agent_email)
            made.access_entries = [*made.access_entries, agent]
            client.update_dataset(made, ["access_entries"])

    def _healthcare(self) -> None:
        datasets = self.api("healthcare", "v1").projects().locations().datasets()
        parent, _, dataset = self.outputs.dataset_name.rsplit("/", 2)
        datasets.create(parent=parent, datasetId=dataset, body={}).execute()
        notification = {"pubsubTopic": self.outputs.dicom_topic, "sendForBulkImport": True}
        datasets.dicomStores().create(
            parent=self.outputs.dataset_name,
            dicomStoreId=self.outputs.dicom_store_id,
            body={"notificationConfig": notification},
        ).execute()
        for name, store in self.outputs.fhir_stores.items():
            body = {"version": store.version, "enableUpdateCreate": True}
            datasets.fhirStores().create(parent=self.outputs.dataset_name, fhirStoreId=name, body=body).execute()
        for name in self.outputs.consent_stores:
            datasets.consentStores().create(parent=self.outputs.dataset_name, consentStoreId=name, body={}).execute()


def build_project(client: Any, project: str) -> Any:
    """The project that the emulator serves."""
    return client.projects().get(projectId=project).execute()
