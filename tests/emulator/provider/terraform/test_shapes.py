"""Properties in Terraform's spelling and nesting."""

import json
from typing import Any

from emulator.provider.terraform import shapes
from emulator.provider.terraform.resources import RESOURCES
from emulator.provider.terraform.service import Service
from emulator.provider.values import UNKNOWN

BUCKET = RESOURCES["google_storage_bucket"].kind
GIVEN: dict[str, Any] = {
    "name": "b",
    "location": "US",
    "versioning": [{"enabled": True}],
    "lifecycle_rule": [
        {"action": [{"type": "Delete"}], "condition": [{"age": 7, "matches_storage_class": ["NEARLINE"]}]},
        {"action": [{"type": "AbortIncompleteMultipartUpload"}], "condition": [{"age": 1}]},
    ],
    "cors": [],
    "labels": {"a": "b"},
    "encryption": UNKNOWN,
    "requester_pays": None,
}
OPENED: dict[str, Any] = {
    "name": "b",
    "location": "US",
    "versioning": {"enabled": True},
    "lifecycleRules": [
        {"action": {"type": "Delete"}, "condition": {"age": 7, "matchesStorageClasses": ["NEARLINE"]}},
        {"action": {"type": "AbortIncompleteMultipartUpload"}, "condition": {"age": 1}},
    ],
    "labels": {"a": "b"},
    "encryption": UNKNOWN,
}


def schemas() -> Any:
    return Service().GetProviderSchema(None)


def test_arguments_become_inputs_and_state_is_written_back() -> None:
    assert shapes.to_inputs(GIVEN, BUCKET.outputs) == OPENED
    kept = shapes.from_state(OPENED, BUCKET.outputs)
    assert shapes.to_inputs(kept, BUCKET.outputs) == OPENED
    assert kept["requester_pays"] is None
    assert kept["cors"] == []
    assert kept["lifecycle_rule"][1]["condition"][0]["with_state"] is None


def test_a_schema_has_arguments_and_blocks() -> None:
    (bucket,) = [each.value.block for each in schemas().resource_schemas if each.key == "google_storage_bucket"]
    arguments = {each.name: each for each in bucket.attributes}
    assert arguments["name"].required
    assert not arguments["name"].computed
    assert (arguments["labels"].optional, json.loads(arguments["labels"].type)) == (True, ["map", "string"])
    assert (arguments["self_link"].optional, arguments["self_link"].computed) == (False, True)
    blocks = {each.type_name: each for each in bucket.block_types}
    assert (blocks["versioning"].max_items, blocks["lifecycle_rule"].max_items) == (1, 0)
    assert {each.type_name for each in blocks["lifecycle_rule"].block.block_types} == {"action", "condition"}


def test_names_are_terraforms() -> None:
    spelled = ["hl7V2StoreId", "pulumiLabels", "accesses", "bigQueryCustomEndpoint", "addPulumiAttributionLabel"]
    assert [shapes.spelled(name) for name in spelled] == [
        *("hl7_v2_store_id", "terraform_labels", "access", "big_query_custom_endpoint"),
        "add_terraform_attribution_label",
    ]


def test_the_provider_has_the_endpoints_and_no_argument_is_demanded() -> None:
    block = schemas().provider.block
    assert "healthcare_custom_endpoint" in {each.name for each in block.attributes}
    assert not any(each.required for each in block.attributes)
