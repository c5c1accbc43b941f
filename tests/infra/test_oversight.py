"""Auditor and operator: there where somebody may act as them, with roles that show no data."""

from __future__ import annotations

import pytest

from emulator.access.roles import all_permissions, permissions_of
from infra.oversight import LOOKS, OPERATES
from tests.infra.graph import PROJECT, Graph, declare, settings

PEOPLE = {"auditors": '["group:audit@example.org"]', "operators": '["group:operations@example.org"]'}
LOOKS_ROLE = f"projects/{PROJECT}/roles/imaging_dev_looks"
OPERATES_ROLE = f"projects/{PROJECT}/roles/imaging_dev_operates"
DATA = (
    "bigquery.tables",
    "healthcare.fhirResources",
    "healthcare.hl7V2Messages",
    "healthcare.consents",
    "healthcare.dicomStores.dicomWeb",
    "healthcare.dicomStores.export",
    "pubsub.subscriptions.consume",
    "storage.objects",
)
"""What permissions begin with that show data, or names of what holds it."""


def roles_of(graph: Graph, who: str) -> set[tuple[str, str]]:
    """The roles of an account, and what they are on: "project", a bucket or a BigQuery dataset."""
    member = f"serviceAccount:imaging-dev-{who}@{PROJECT}.iam.gserviceaccount.com"
    granted = [each.inputs for each in graph if each.inputs.get("member") == member]
    return {(given["role"], given.get("bucket") or given.get("datasetId") or "project") for given in granted}


def test_without_people_there_is_neither_account_nor_role() -> None:
    graph = declare(settings())
    assert [each.name for each in graph if "oversight" in each.name] == []
    assert (graph.outputs["auditor_email"], graph.outputs["operator_email"]) == (None, None)


def test_the_auditor_sees_logs_policies_and_the_trail() -> None:
    graph = declare(settings(**PEOPLE, auditLogs="true"))
    assert roles_of(graph, "audit") == {
        (LOOKS_ROLE, "project"),
        ("roles/logging.privateLogViewer", "project"),
        ("roles/storage.objectViewer", f"{PROJECT}-dev-audit"),
        ("roles/bigquery.dataViewer", "imaging_dev_audit"),
        ("roles/bigquery.jobUser", "project"),
    }
    assert graph.outputs["auditor_email"] == f"imaging-dev-audit@{PROJECT}.iam.gserviceaccount.com"


def test_without_a_trail_the_auditor_sees_logs_and_policies() -> None:
    found = roles_of(declare(settings(**PEOPLE)), "audit")
    assert found == {(LOOKS_ROLE, "project"), ("roles/logging.privateLogViewer", "project")}


def test_the_operator_sees_how_things_are_and_cancels_operations() -> None:
    assert roles_of(declare(settings(**PEOPLE, auditLogs="true")), "ops") == {
        (LOOKS_ROLE, "project"),
        (OPERATES_ROLE, "project"),
        ("roles/logging.viewer", "project"),
        ("roles/monitoring.viewer", "project"),
    }


def test_nobody_is_made_whom_nobody_may_act_as() -> None:
    graph = declare(settings(auditors=PEOPLE["auditors"]))
    assert [
        each.inputs["accountId"] for each in graph.of("serviceaccount/account:Account") if "oversight" in each.name
    ] == ["imaging-dev-audit"]
    assert [each.inputs["roleId"] for each in graph.of("projects/iAMCustomRole:IAMCustomRole")] == ["imaging_dev_looks"]


def test_the_roles_consist_of_permissions_that_there_are() -> None:
    assert set(LOOKS) | set(OPERATES) <= all_permissions()


@pytest.mark.parametrize("role", ["roles/logging.privateLogViewer", "roles/logging.viewer", "roles/monitoring.viewer"])
def test_no_role_on_the_project_shows_data(role: str) -> None:
    held = {*LOOKS, *OPERATES, *(permissions_of(role) or ())}
    assert [each for each in held if each.startswith(DATA)] == []
    assert not {each for each in held if each.endswith((".setIamPolicy", ".create", ".delete", ".update"))} - {
        # Views of the logs explorer, which are the viewer's own (IAM: roles of Cloud Logging).
        each
        for each in held
        if each.startswith("logging.")
    }


def test_outputs_say_who_may_do_what() -> None:
    access = declare(settings(**PEOPLE, auditLogs="true", readerPrefix="released/")).outputs["access"]
    assert set(access) == {"loader", "reader", "auditor", "operator"}
    assert access["reader"][f"gs://{PROJECT}-dev-export"] == "roles/storage.objectViewer (objects released/*)"
    assert access["loader"][f"gs://{PROJECT}-dev-landing"] == "roles/storage.objectCreator, roles/storage.objectViewer"
    assert access["auditor"][f"bq://{PROJECT}.imaging_dev_audit"] == "roles/bigquery.dataViewer"
