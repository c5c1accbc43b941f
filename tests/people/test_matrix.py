"""Every account that people act as, with every method that the commands call: allowed or refused, by the matrix."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote

import pytest

from scripts.access import matrix, resources
from scripts.access.matrix import Row
from scripts.access.methods import METHODS
from scripts.access.resources import Resource
from tests.people.conftest import OBJECTS, TABLE
from tests.people.page import PAGE, page, rows
from tests.people.standing import Standing
from tests.scripts.conftest import Run, run
from tests.support.emulator import ROOT

__all__ = ["run"]
REFUSED = HTTPStatus.FORBIDDEN
# Answers of a call that was allowed and changes nothing: done, not there, there already, or of another generation.
ALLOWED = (HTTPStatus.OK, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED)


@pytest.fixture(scope="module")
def found(standing: Standing) -> list[Row]:
    return rows(standing)


def call(row: Row, resource: Resource, name: str) -> tuple[str, str, object] | None:
    """The method itself as a call that changes nothing, on the object of that name; None where there is none."""
    bucket, tables, key = f"/storage/v1/b/{resource.plain}", f"/bigquery/v2/{resource.name}", quote(name, safe="")
    table = {"tableReference": {"datasetId": resource.plain, "tableId": TABLE}}
    calls: dict[str, tuple[str, str, object]] = {
        "storage.objects.list": ("GET", f"{bucket}/o?prefix={key}", None),
        "storage.objects.get": ("GET", f"{bucket}/o/{key}", None),
        "storage.objects.insert": ("POST", f"/upload{bucket}/o?uploadType=media&ifGenerationMatch=1&name={key}", {}),
        "storage.objects.delete": ("DELETE", f"{bucket}/o/{key}?ifGenerationMatch=1", None),
        "storage.buckets.get": ("GET", bucket, None),
        "storage.buckets.getIamPolicy": ("GET", f"{bucket}/iam", None),
        "bigquery.datasets.get": ("GET", tables, None),
        "bigquery.tables.list": ("GET", f"{tables}/tables", None),
        "bigquery.tables.get": ("GET", f"{tables}/tables/{TABLE}", None),
        "bigquery.tables.delete": ("DELETE", f"{tables}/tables/nothing", None),
        "bigquery.tables.insert": ("POST", f"{tables}/tables", table),
        "bigquery.tabledata.list": ("GET", f"{tables}/tables/{TABLE}/data", None),
    }
    return calls.get(row.method.id)


def may(standing: Standing, account: str, row: Row, name: str) -> bool:
    """Whether the emulator lets an account do what a row says, with the object of that name where it is of objects."""
    resource, token = resources.of_stack(standing.outputs)[row.resource], standing.token(account)
    itself = call(row, resource, name)
    if itself:
        status, answer = standing.emulator.request(*itself, token=token)
        assert status in (REFUSED, *ALLOWED), (row, answer)
        return status != REFUSED
    body = {"permissions": [row.method.permission]}
    version = "v2" if resource.kind == "Cloud Run job" else "v1"
    path = f"/{version}/{resource.name}:testIamPermissions"
    status, answer = standing.emulator.request("POST", path, body, token=token)
    assert status == HTTPStatus.OK, (row, answer)
    return bool(answer.get("permissions"))


def wanted(row: Row, who: str) -> dict[str, bool]:
    """Whether a row allows an account its method, by the title of a condition: "" without any."""
    roles = row.cells[who].split(", ") if row.cells[who] else []
    always = any("(" not in role for role in roles)
    titles = OBJECTS if row.method.id.startswith("storage.objects.") else ("",)
    return {title: always or bool(title and any(f"({title})" in role for role in roles)) for title in titles}


def differences(standing: Standing, row: Row) -> Iterator[str]:
    for who, account in matrix.accounts(standing.outputs).items():
        for title, expected in wanted(row, who).items():
            if may(standing, account, row, OBJECTS[title]) != expected:
                yield f"{who}: {row.method.id} on {row.resource}, {OBJECTS[title]}: expected {expected}"


def test_every_account_may_what_the_matrix_says_and_nothing_else(standing: Standing, found: list[Row]) -> None:
    assert [each for row in found for each in differences(standing, row)] == []


def test_the_matrix_is_the_page(found: list[Row]) -> None:
    """`python -m tests.people.page` makes it."""
    assert PAGE.read_text(encoding="utf-8") == page(found)


def test_every_method_is_on_some_resource_and_takes_the_permission_that_the_emulator_asks_for(found: list[Row]) -> None:
    assert {row.method for row in found} == set(METHODS)
    asked = (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8")
    assert [each for each in METHODS if f"| {each.id} | yes | {each.permission}" not in asked] == []


def test_who_audits_or_operates_reaches_no_data(found: list[Row]) -> None:
    data = (".objects.", ".tabledata.", ".pull", ".dicomWeb", ".fhirResources.", ".hl7V2Messages.", ".consents.")
    reached = {
        (who, row.resource)
        for row in found
        for who in ("auditor", "operator")
        if row.cells[who] and any(each in f"{row.method.id} {row.method.permission}" for each in data)
    }
    assert reached == {("auditor", "audit"), ("auditor", "audit-tables")}


def test_the_command_shows_the_matrix(
    standing: Standing, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "outputs.json"
    path.write_text(standing.outputs.to_json())
    monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", standing.emulator.owner_token)
    ended = run("access", "matrix", "--outputs", path, "--json")
    assert ended.code == 0, ended.err
    (row,) = [
        each
        for each in json.loads(ended.out)
        if (each["method"], each["resource"]) == ("storage.objects.insert", "landing")
    ]
    assert (row["loader"], row["reader"]) == ("roles/storage.objectCreator", "")
