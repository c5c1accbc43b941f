"""The example for Terraform has the provider's own settings and arguments, as Pulumi's plugin has them of it."""

import json
import re

from emulator.provider.extract import SCHEMA
from engine.layout import ROOT
from infra.settings import CUSTOM_ENDPOINTS

FOLDER = ROOT / "examples" / "terraform"
TOKENS = {
    "google_bigquery_dataset": "gcp:bigquery/dataset:Dataset",
    "google_bigquery_dataset_iam_member": "gcp:bigquery/datasetIamMember:DatasetIamMember",
    "google_healthcare_dataset": "gcp:healthcare/dataset:Dataset",
    "google_healthcare_dicom_store": "gcp:healthcare/dicomStore:DicomStore",
    "google_healthcare_dicom_store_iam_member": "gcp:healthcare/dicomStoreIamMember:DicomStoreIamMember",
    "google_project_service": "gcp:projects/service:Service",
    "google_pubsub_subscription": "gcp:pubsub/subscription:Subscription",
    "google_pubsub_topic": "gcp:pubsub/topic:Topic",
    "google_pubsub_topic_iam_member": "gcp:pubsub/topicIAMMember:TopicIAMMember",
    "google_service_account": "gcp:serviceaccount/account:Account",
    "google_storage_bucket": "gcp:storage/bucket:Bucket",
    "google_storage_bucket_iam_member": "gcp:storage/bucketIAMMember:BucketIAMMember",
}
"""What Pulumi calls each kind of resource."""
OF_THE_LANGUAGE = frozenset(("for_each", "depends_on"))
_RESOURCE = re.compile(r'^resource "(\w+)" "(\w+)" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)
_ARGUMENT = re.compile(r"^  (\w+)(?: +=| \{)", re.MULTILINE)


def _camel(name: str) -> str:
    return re.sub("_([a-z])", lambda found: found[1].upper(), name)


def test_arguments_are_those_of_the_resources() -> None:
    resources = json.loads(SCHEMA.read_text())["resources"]
    found = _RESOURCE.findall((FOLDER / "main.tf").read_text())
    assert {kind for kind, _, _ in found} == set(TOKENS)
    for kind, name, body in found:
        said = {_camel(each) for each in _ARGUMENT.findall(body) if each not in OF_THE_LANGUAGE}
        assert said <= resources[TOKENS[kind]]["inputs"].keys(), f"{kind}.{name}"
        assert said >= set(resources[TOKENS[kind]]["required"]), f"{kind}.{name}"


def test_endpoints_are_those_that_a_stack_on_the_emulator_sets() -> None:
    text = (FOLDER / "emulator.tf").read_text()
    said = dict(re.findall(r'^  (\w+_custom_endpoint) += "\$\{var\.emulator\}/(.*)"$', text, re.MULTILINE))
    wanted = {re.sub("([A-Z])", r"_\1", each.key).lower(): each.path for each in CUSTOM_ENDPOINTS}
    assert said == wanted


def test_the_how_to_has_the_same_endpoints() -> None:
    page = (ROOT / "docs" / "how-to" / "terraform.md").read_text()
    for endpoint in CUSTOM_ENDPOINTS:
        setting = re.sub("([A-Z])", r"_\1", endpoint.key).lower()
        (row,) = [line for line in page.splitlines() if line.startswith("|") and f"`{setting}`" in line]
        assert row.endswith(f"`http://127.0.0.1:9470/{endpoint.path}` |")
