"""Settings: every wrong value is one sentence that names the key and the stack file, all of them at once."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from infra.keys import KEYS
from infra.labels import COMMON_LABELS
from infra.locations import LOCATIONS
from infra.people import Person
from infra.settings import CUSTOM_ENDPOINTS, NAMESPACE, PLACEHOLDER, TOKEN_VARIABLE, SettingsError, parse
from tests.infra.graph import ENDPOINTS, PROJECT

ROOT = Path(__file__).parents[2]
TOKEN = {TOKEN_VARIABLE: "token"}


def problems(values: dict[str, str], stack: str = "dev", environ: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        parse(values, stack, environ or {})
    return caught.value.problems


def stack_file(stack: str) -> dict[str, str]:
    """A stack's own values, as Pulumi hands them to the program."""
    values = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))["config"]
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}


def test_only_the_project_is_needed() -> None:
    settings = parse({"gcp:project": PROJECT}, "dev", {})
    assert (settings.project, settings.environment, settings.location) == (PROJECT, "dev", "us-central1")
    assert settings.deletion_protection
    assert settings.common_labels == {"application": NAMESPACE, "environment": "dev", "managed-by": "pulumi"}


def test_every_kind_of_value_is_read() -> None:
    settings = parse(
        {
            "gcp:project": PROJECT,
            f"{NAMESPACE}:environment": "trial",
            f"{NAMESPACE}:deletionProtection": "false",
            f"{NAMESPACE}:softDeleteDays": "0",
            f"{NAMESPACE}:loaders": '["group:radiology@example.org"]',
            f"{NAMESPACE}:labels": '{"team": "radiology"}',
        },
        "dev",
        {},
    )
    assert settings.environment == "trial"
    assert settings.deletion_protection is False
    assert settings.soft_delete_days == 0
    assert settings.loaders == (Person("group:radiology@example.org"),)
    assert settings.common_labels["team"] == "radiology"


@pytest.mark.parametrize(
    ("key", "text", "says"),
    [
        ("environment", "Dev_1", "must be at most 15"),
        ("environment", "a-name-far-too-long", "must be at most 15"),
        ("location", "Iowa", "must be a region of the Cloud Healthcare API, such as us-central1"),
        ("location", "us-west9", "such as us-east1, us-east4, us-west1, us-west2, us-west3, or us or eu"),
        ("location", "europe-west1", "europe-west2, europe-west3"),
        ("landingDays", "1_0", "must be a whole number"),
        ("landingDays", "7.5", "must be a whole number"),
        ("landingDays", "[7]", "must be a whole number"),
        ("labels", '{"team": {"of": "x"}}', "must be a map of texts"),
        ("labels", "4711", "must be a map of texts"),
        ("loaders", "[null]", "must be a list of texts"),
        ("deletionProtection", "yes", "must be true or false"),
        ("softDeleteDays", "5", "must be 0 or a whole number from 7 to 90"),
        ("softDeleteDays", "a week", "must be a whole number"),
        ("oldVersionDays", "0", "must be a whole number from 1 to 3650"),
        ("messageRetentionDays", "32", "must be a whole number from 1 to 31"),
        ("maxDeliveryAttempts", "4", "must be a whole number from 5 to 100"),
        ("loaders", '["allUsers"]', "never the public"),
        ("loaders", '["domain:example.org"]', "never the public"),
        ("readers", "ada@example.org", "must be a list of texts"),
        ("fhirStores", '["fhir"]', "must be a map"),
        ("labels", '{"Team": "x"}', "must map names"),
        ("labels", '{"environment": "x"}', "must not set environment"),
        ("labels", '["team"]', "must be a map of texts"),
        ("encryptionKey", "my-key", "must be projects/P/locations/L/keyRings/R/cryptoKeys/K"),
        ("encryptionKey", "projects/p/locations/us-east1/keyRings/r/cryptoKeys/k", "must be in us-central1"),
        ("servicePerimeter", "imaging", "must be accessPolicies/NUMBER/servicePerimeters/NAME"),
        ("keyRing", "no blanks", "must be 1 to 63 of"),
        ("keyRotationDays", "400", "must be a whole number from 1 to 365"),
        ("keyDestroyDays", "0", "must be a whole number from 1 to 120"),
        ("auditDays", "0", "must be a whole number from 1"),
    ],
)
def test_a_wrong_value_is_one_sentence_with_key_and_file(key: str, text: str, says: str) -> None:
    (problem,) = problems({"gcp:project": PROJECT, f"{NAMESPACE}:{key}": text})
    assert problem.startswith(f"Pulumi.dev.yaml: {NAMESPACE}:{key} ")
    assert says in problem
    assert problem.endswith(f"not {text!r}.")


@pytest.mark.parametrize(
    ("key", "text", "path", "item"),
    [
        ("labels", '{"cost-centre": 4711}', "labels.cost-centre", "4711"),
        ("labels", '{"team": "x", "new": true}', "labels.new", "true"),
        ("readers", '["user:a@example.org", 5]', "readers[1]", "5"),
    ],
)
def test_a_number_where_a_text_belongs_says_how_to_write_it(key: str, text: str, path: str, item: str) -> None:
    """`pulumi config set --path` stores what looks like a number or a truth value as one (its --help)."""
    (problem,) = problems({"gcp:project": PROJECT, f"{NAMESPACE}:{key}": text})
    assert problem.startswith(f"Pulumi.dev.yaml: {NAMESPACE}:{key} must be a ")
    assert f"write {item} in quotes" in problem
    assert f"`pulumi config set --path '{NAMESPACE}:{path}' --type string {item} --stack dev`" in problem


def test_the_file_that_was_given_is_the_one_that_is_named() -> None:
    with pytest.raises(SettingsError) as caught:
        parse({f"{NAMESPACE}:auditDays": "many"}, "dev", {}, "other.yaml")
    assert all(problem.startswith("other.yaml: ") for problem in caught.value.problems)
    assert any("--stack dev --config-file other.yaml`" in problem for problem in caught.value.problems)


def test_every_location_is_one_of_the_emulator_too() -> None:
    from emulator.services.healthcare.datasets import LOCATIONS as EMULATED

    assert sorted(LOCATIONS) == EMULATED
    for location in LOCATIONS:
        assert parse({"gcp:project": PROJECT, f"{NAMESPACE}:location": location}, "dev", {}).location == location


def test_all_problems_come_at_once() -> None:
    found = problems({"gcp:project": "X", f"{NAMESPACE}:location": "Iowa", f"{NAMESPACE}:softDeleteDays": "-1"})
    assert len(found) == 3


def test_a_misspelt_key_is_found() -> None:
    (problem,) = problems({"gcp:project": PROJECT, f"{NAMESPACE}:lables": "{}"})
    assert f"{NAMESPACE}:lables is not a key of this project" in problem


@pytest.mark.parametrize("project", [None, "", PLACEHOLDER])
def test_the_placeholder_must_be_replaced(project: str | None) -> None:
    (problem,) = problems({} if project is None else {"gcp:project": project})
    assert problem.startswith("Pulumi.dev.yaml: gcp:project is not set yet")
    assert "pulumi config set gcp:project PROJECT-ID --stack dev" in problem


@pytest.mark.parametrize("project", ["My Project", "123456789012", "short", "ends-with-"])
def test_a_name_or_number_is_no_project_id(project: str) -> None:
    (problem,) = problems({"gcp:project": project})
    assert "must be a project's id" in problem


def test_a_stack_whose_name_cannot_name_resources_needs_an_environment() -> None:
    (problem,) = problems({"gcp:project": PROJECT}, stack="Dev.EU")
    assert f"{NAMESPACE}:environment is not set" in problem
    settings = parse({"gcp:project": PROJECT, f"{NAMESPACE}:environment": "dev-eu"}, "Dev.EU", {})
    assert settings.environment == "dev-eu"


def test_names_keep_google_s_limits_at_the_longest_project_and_environment() -> None:
    names = parse({"gcp:project": "p" * 30, f"{NAMESPACE}:environment": "e" * 15}, "dev", {}).names
    assert len(names.landing_bucket) <= 63
    assert len(names.audit_bucket) <= 63
    assert len(names.temp_bucket) <= 63
    assert 6 <= len(names.loader) <= 30
    assert 6 <= len(names.reader) <= 30


def test_on_google_cloud_there_are_no_endpoints() -> None:
    assert parse({"gcp:project": PROJECT}, "dev", {}).endpoints.to_mapping() == {}


def test_the_endpoints_are_the_services_roots() -> None:
    endpoints = parse({"gcp:project": PROJECT, **ENDPOINTS}, "local", TOKEN).endpoints
    found = endpoints.to_mapping()
    assert found.pop("pubsub_grpc") == "127.0.0.1:9471"
    assert set(found.values()) == {"http://127.0.0.1:9470"}
    assert set(found) == {item.service for item in CUSTOM_ENDPOINTS if item.service}


@pytest.mark.parametrize("key", sorted(ENDPOINTS))
def test_a_stack_is_never_half_on_the_emulator(key: str) -> None:
    alerts = {f"{NAMESPACE}:auditLogs": "true", f"{NAMESPACE}:alertChannels": '["email:ops@example.org"]'}
    values = {"gcp:project": PROJECT, **ENDPOINTS, **alerts}
    del values[key]
    (problem,) = problems(values, "local", TOKEN)
    assert f"{key} is missing" in problem


def test_a_grpc_endpoint_alone_is_refused() -> None:
    (problem,) = problems({"gcp:project": PROJECT, f"{NAMESPACE}:pubsubGrpcEndpoint": "127.0.0.1:9471"})
    assert "set all of them or none" in problem


@pytest.mark.parametrize("url", ["http://127.0.0.1:9470", "http://127.0.0.1:9470/v1/", "127.0.0.1:9470/storage/v1/"])
def test_an_endpoint_without_its_path_is_refused(url: str) -> None:
    (problem,) = problems({"gcp:project": PROJECT, **ENDPOINTS, "gcp:storageCustomEndpoint": url}, "local", TOKEN)
    assert "gcp:storageCustomEndpoint must look like http://127.0.0.1:9470/storage/v1/" in problem


def test_without_a_token_the_emulator_s_is_asked_for() -> None:
    (problem,) = problems({"gcp:project": PROJECT, **ENDPOINTS}, "local")
    assert 'eval "$(python -m emulator env)"' in problem


def test_the_local_stack_is_good_and_the_dev_stack_waits_for_its_project() -> None:
    local = parse(stack_file("local"), "local", TOKEN)
    assert local.endpoints.healthcare == "http://127.0.0.1:9470"
    assert not local.deletion_protection
    (problem,) = problems(stack_file("dev"))
    assert "gcp:project is not set yet" in problem


def test_local_differs_from_dev_in_place_and_safety_and_has_a_store_of_each_kind() -> None:
    def own(stack: str) -> dict[str, str]:
        return {key: value for key, value in stack_file(stack).items() if key.startswith(NAMESPACE)}

    local = own("local")
    assert local.pop(f"{NAMESPACE}:deletionProtection") == "false"
    assert local.pop(f"{NAMESPACE}:pubsubGrpcEndpoint")
    assert list(json.loads(local.pop(f"{NAMESPACE}:fhirStores"))) == ["fhir"]
    assert list(json.loads(local.pop(f"{NAMESPACE}:hl7v2Stores"))) == ["hl7v2"]
    assert list(json.loads(local.pop(f"{NAMESPACE}:consentStores"))) == ["consents"]
    assert local.pop(f"{NAMESPACE}:research") == local.pop(f"{NAMESPACE}:crosswalk") == "true"
    assert local == own("dev")


def test_no_stack_file_has_a_credential() -> None:
    for stack in ("dev", "local"):
        assert not {"gcp:accessToken", "gcp:credentials"} & set(stack_file(stack))


def test_pulumi_yaml_describes_exactly_the_keys() -> None:
    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))["config"]
    wanted = {
        key.name: {
            "default": key.default,
            "description": key.meaning,
        }
        for key in KEYS
    }
    assert declared == wanted


def test_every_default_passes_its_own_check() -> None:
    assert [key.name for key in KEYS if key.check(key.default)] == []


def test_the_common_labels_are_labels_google_accepts() -> None:
    assert all(label == label.lower() and "_" not in label for label in COMMON_LABELS)


def test_the_documentation_has_every_key_as_it_is() -> None:
    text = (ROOT / "docs" / "how-to" / "configure.md").read_text(encoding="utf-8")
    table = text.split("## The project's keys")[1].split("\n\n")[2]
    defaults = {key.name: f"`{json.dumps(key.default)}`" if key.default != "" else "empty" for key in KEYS}
    wanted = [f"| `{key.name}` | {key.kind} | {defaults[key.name]} | {key.meaning} |" for key in KEYS]
    assert table.splitlines()[2:] == wanted


def test_the_documentation_names_only_keys_that_exist() -> None:
    known = {key.name for key in KEYS}
    for file in (ROOT / "docs" / "how-to").glob("*.md"):
        used = re.findall(rf"(?<!urn:){NAMESPACE}:(\w+)", file.read_text(encoding="utf-8"))
        assert set(used) - {"KEY", "infra"} <= known, file.name
