"""Where the hospital is brought: a dataset with four stores, a bucket, and a dataset of BigQuery."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from emulator.hospital.filling.api import Api
from emulator.serving.server import StartError

Json = dict[str, Any]
_OBJECTS, _ROWS, _JOBS = "roles/storage.objectAdmin", "roles/bigquery.dataEditor", "roles/bigquery.jobUser"
VERSIONS = ("R4", "STU3")
"""Those of FHIR in which the hospital is made."""


@dataclass(frozen=True)
class Wish:
    """The ids that are asked for; what is there of them is used as it is, what is missing is made."""

    location: str = "us-central1"
    dataset: str = "hospital"
    dicom_store: str = "dicom"
    fhir_store: str = "fhir"
    hl7v2_store: str = "hl7v2"
    consent_store: str = "consents"
    bigquery: str = "hospital"
    bucket: str = ""
    """"" for PROJECT-hospital."""
    fhir_version: str = "R4"
    """Of a FHIR store that is made: R4 or STU3."""
    tables: bool = True
    """Whether to make BigQuery's tables, which takes longest."""


@dataclass(frozen=True)
class Places:
    """The resource names of the stores, and where tables come from and go to."""

    project: str
    dicom: str
    fhir: str
    hl7v2: str
    consent: str
    bucket: str
    bigquery: str
    fhir_version: str

    @property
    def dicomweb(self) -> str:
        """The path of the DICOM store's DICOMweb service, without a slash in front."""
        return f"{self.dicom}/dicomWeb"

    def data_id(self, study: str) -> str:
        """How the consent store calls a study: by its path in DICOMweb."""
        return f"{self.dicomweb}/studies/{study}"


def prepared(api: Api, project: str, number: str, wish: Wish) -> Places:
    """The places, made where they are missing; `number` is the project's number.

    Raises StartError for stores that won't do.
    """
    location = f"projects/{project}/locations/{wish.location}"
    dataset = f"{location}/datasets/{wish.dataset}"
    api.ensure(f"/v1/{location}/datasets?datasetId={wish.dataset}", {})
    fhir: Json = {"version": wish.fhir_version, "enableUpdateCreate": True}
    stores: tuple[tuple[str, str, str, Json], ...] = (
        ("dicomStores", "dicomStoreId", wish.dicom_store, {}),
        ("fhirStores", "fhirStoreId", wish.fhir_store, fhir),
        ("hl7V2Stores", "hl7V2StoreId", wish.hl7v2_store, {"parserConfig": {"version": "V3"}}),
        ("consentStores", "consentStoreId", wish.consent_store, {}),
    )
    for collection, parameter, store, body in stores:
        api.ensure(f"/v1/{dataset}/{collection}?{parameter}={store}", body)
    dicom, fhir_store, hl7v2, consent = (f"{dataset}/{collection}/{store}" for collection, _, store, _ in stores)
    version = _fhir_version(api.call("GET", f"/v1/{fhir_store}"))
    bucket = wish.bucket or f"{project}-hospital"
    api.ensure(f"/storage/v1/b?project={project}", {"name": bucket, "location": wish.location})
    tables = {"datasetReference": {"projectId": project, "datasetId": wish.bigquery}, "location": wish.location}
    api.ensure(f"/bigquery/v2/projects/{project}/datasets", tables)
    _let_the_agent_write(api, project, number, bucket)
    return Places(project, dicom, fhir_store, hl7v2, consent, bucket, wish.bigquery, version)


def _fhir_version(store: Json) -> str:
    """The version of a FHIR store. Raises StartError for one that can't take the hospital."""
    version = str(store.get("version"))
    if version not in VERSIONS:
        raise StartError(f"{store['name']} is a store of FHIR {version}; the hospital is made in R4 and STU3.")
    if not store.get("enableUpdateCreate"):
        raise StartError(
            f"{store['name']} gives resources ids of its own; the hospital's have theirs: set enableUpdateCreate on it."
        )
    return version


def _let_the_agent_write(api: Api, project: str, number: str, bucket: str) -> None:
    """Give the agent of Cloud Healthcare what exports need: objects of the bucket, tables and jobs of the project."""
    service = f"projects/{project}/services/healthcare.googleapis.com"
    api.call("POST", f"/v1beta1/{service}:generateServiceIdentity", {})
    member = f"serviceAccount:service-{number}@gcp-sa-healthcare.iam.gserviceaccount.com"
    policy = api.call("GET", f"/storage/v1/b/{bucket}/iam?optionsRequestedPolicyVersion=3")
    if _added(policy, member, _OBJECTS):
        api.call("PUT", f"/storage/v1/b/{bucket}/iam", policy)
    asked = {"options": {"requestedPolicyVersion": 3}}
    policy = api.call("POST", f"/v1/projects/{project}:getIamPolicy", asked)
    if _added(policy, member, _ROWS, _JOBS):
        api.call("POST", f"/v1/projects/{project}:setIamPolicy", {"policy": policy})


def _added(policy: Json, member: str, *roles: str) -> bool:
    """Add a member to unconditional bindings of a policy; whether one was missing."""
    bindings = policy.setdefault("bindings", [])
    has = {each["role"] for each in bindings if member in each.get("members", ()) and "condition" not in each}
    missing = [role for role in roles if role not in has]
    bindings += [{"role": role, "members": [member]} for role in missing]
    return bool(missing)
