"""GRANT and REVOKE: on datasets, tables, views and projects, and for whom they count.

https://cloud.google.com/bigquery/docs/reference/standard-sql/data-control-language
"""

from collections.abc import Iterator
from typing import NamedTuple

import pytest
from google.api_core import exceptions
from google.cloud import bigquery

from tests.support.accounts import grant, make_account
from tests.support.bigquery_clients import client_of
from tests.support.emulator import RunningEmulator

VIEWER = "`roles/bigquery.dataViewer`"


class World(NamedTuple):
    """An owner, and somebody who may start jobs and nothing else."""

    owner: bigquery.Client
    reader: bigquery.Client
    member: str

    def sees(self, table: str) -> bool:
        try:
            return len(list(self.reader.query_and_wait(f"SELECT * FROM {table}"))) == 1
        except exceptions.Forbidden:
            return False


@pytest.fixture(scope="module")
def world(running: RunningEmulator) -> Iterator[World]:
    owner = client_of(running)
    owner.create_dataset("d")
    owner.query_and_wait("CREATE TABLE d.t AS SELECT 1 AS n; CREATE VIEW d.v AS SELECT * FROM d.t")
    account = make_account(running, "granted")
    grant(running, f"projects/{running.project}", account.member, "roles/bigquery.jobUser")
    yield World(owner, client_of(running, account.token), account.member)
    owner.close()


def test_on_a_dataset(world: World) -> None:
    before = world.owner.get_dataset("d").access_entries
    job = world.owner.query(f"GRANT {VIEWER}, `roles/bigquery.metadataViewer` ON SCHEMA d TO '{world.member}'")
    job.result()
    assert job.statement_type == "GRANT_ON_SCHEMA"
    assert world.sees("d.t")
    entries = world.owner.get_dataset("d").access_entries
    email = world.member.partition(":")[2]
    added = [(entry.role, entry.entity_type, entry.entity_id) for entry in entries if entry not in before]
    assert added == [("READER", "userByEmail", email), ("roles/bigquery.metadataViewer", "userByEmail", email)]
    project = world.owner.project
    world.owner.query_and_wait(f'REVOKE {VIEWER} ON SCHEMA `{project}`.d FROM "{world.member}"')
    assert not world.sees("d.t")
    world.owner.query_and_wait(f"REVOKE `roles/bigquery.metadataViewer` ON SCHEMA d FROM '{world.member}'")
    assert world.owner.get_dataset("d").access_entries == before


@pytest.mark.parametrize(("kind", "name"), [("TABLE", "d.t"), ("VIEW", "d.v")])
def test_on_a_table_and_a_view(world: World, kind: str, name: str) -> None:
    to = f"'group:team@example.com', '{world.member}', 'specialGroup:allUsers'"
    job = world.owner.query(f"GRANT {VIEWER} ON {kind} {name} TO {to}")
    job.result()
    assert job.statement_type == f"GRANT_ON_{kind}"
    shown = world.owner.query_and_wait(
        "SELECT grantee FROM INFORMATION_SCHEMA.OBJECT_PRIVILEGES WHERE object_schema = 'd' AND object_type = "
        f"'{kind}' AND object_name = '{name[2:]}' ORDER BY grantee"
    )
    assert [row.grantee for row in shown] == ["allUsers", "group:team@example.com", world.member]
    assert world.sees("d.t") == (kind == "TABLE")  # a view reads its tables with its caller's rights
    world.owner.query_and_wait(f"REVOKE {VIEWER} ON {kind} {name} FROM {to}")
    assert world.owner.get_iam_policy(name).bindings == []


def test_on_a_project(world: World) -> None:
    project = world.owner.project
    world.owner.query_and_wait(f"GRANT {VIEWER} ON PROJECT `{project}` TO '{world.member}'")
    assert world.sees("d.t")
    world.owner.query_and_wait(f"BEGIN REVOKE {VIEWER} ON PROJECT `{project}` FROM '{world.member}'; END")
    assert not world.sees("d.t")


@pytest.mark.parametrize(
    ("sql", "error", "message"),
    [
        ("GRANT roles/x ON SCHEMA d TO 'user:a@b.c'", exceptions.BadRequest, "role"),
        (f"GRANT {VIEWER} ON SCHEMA d TO user", exceptions.BadRequest, "Users are listed as strings"),
        (f"GRANT {VIEWER} ON SCHEMA d TO 'user:a@b.c' 'user:b@b.c'", exceptions.BadRequest, "listed as strings"),
        (f"GRANT {VIEWER} ON SCHEMA d TO 'ann'", exceptions.BadRequest, "ann"),
        (f"GRANT {VIEWER} ON ROUTINE d.f TO 'user:a@b.c'", exceptions.BadRequest, "takes SCHEMA, TABLE"),
        (f"GRANT {VIEWER} ON SCHEMA a.b.c TO 'user:a@b.c'", exceptions.BadRequest, "does not name a dataset"),
        (f"GRANT {VIEWER} ON VIEW d.t TO 'user:a@b.c'", exceptions.BadRequest, "is a table: write TABLE"),
        (f"GRANT {VIEWER} ON SCHEMA d FROM 'user:a@b.c'", exceptions.BadRequest, "Expected TO"),
        (f"GRANT {VIEWER} ON SCHEMA nowhere TO 'user:a@b.c'", exceptions.NotFound, "Dataset test-project:nowhere"),
        (f"REVOKE {VIEWER} ON TABLE d.nowhere FROM 'user:a@b.c'", exceptions.NotFound, "Table test-project:d.nowhere"),
    ],
)
def test_what_is_wrong_is_said(world: World, sql: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        world.owner.query_and_wait(sql)


def test_who_may_not_grant(world: World) -> None:
    for target, permission in (
        ("SCHEMA d", "bigquery.datasets.update"),
        ("TABLE d.t", "bigquery.tables.setIamPolicy"),
        (f"PROJECT `{world.owner.project}`", "resourcemanager.projects.setIamPolicy"),
    ):
        with pytest.raises(exceptions.Forbidden, match=permission):
            world.reader.query_and_wait(f"GRANT {VIEWER} ON {target} TO '{world.member}'")
    assert not world.sees("d.t")
