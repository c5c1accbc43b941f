"""What is said where the Healthcare API's agent is refused: what it lacks, where, and who grants it."""

from __future__ import annotations

import json

import pytest

from scripts import agents
from scripts.agents import Place

AGENT = "service-1@gcp-sa-healthcare.iam.gserviceaccount.com"
OWN = {"gs://landing", "gs://export", "bq://p.imaging"}


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ({"gcsSource": {"uri": "gs://landing/a/**"}}, [Place("gs://landing", writes=False)]),
        ({"gcsDestination": {"uriPrefix": "gs://export/x"}}, [Place("gs://export", writes=True)]),
        ({"bigqueryDestination": {"tableUri": "bq://p.imaging.t"}}, [Place("bq://p.imaging", writes=True)]),
        ({"bigqueryDestination": {"datasetUri": "bq://p.imaging"}}, [Place("bq://p.imaging", writes=True)]),
        (
            {
                "filterConfig": {"resourcePathsGcsUri": "gs://landing/ids"},
                "gcsDestination": {"uriPrefix": "gs://export"},
            },
            [Place("gs://landing", writes=False), Place("gs://export", writes=True)],
        ),
        ({"pubsubDestination": {"pubsubTopic": "projects/p/topics/t"}}, []),
    ],
)
def test_a_request_names_places(body: dict[str, object], wanted: list[Place]) -> None:
    assert agents.places(json.dumps(body)) == tuple(wanted)


def refused(service: str, *reached: Place) -> str | None:
    message = f"Healthcare API doesn't have required {service} permission. See the documentation"
    return agents.remedy(message, AGENT, "p", OWN, reached)


def test_a_place_of_the_stack_is_granted_by_the_program() -> None:
    assert refused("Cloud Storage", Place("gs://landing", writes=False)) == (
        f"{AGENT} lacks storage.objects.get on gs://landing: run `pulumi up --refresh`, which grants it; a grant takes"
        " up to a few minutes to work."
    )


def test_a_place_of_others_is_granted_by_them() -> None:
    said = refused("Cloud Storage", Place("gs://other", writes=True)) or ""
    assert "lacks storage.objects.create on gs://other: let who owns gs://other grant roles/storage.objectAdmin" in said


def test_tables_take_a_right_on_the_project_too() -> None:
    said = refused("BigQuery", Place("bq://p.imaging", writes=True), Place("gs://landing", writes=False)) or ""
    assert "lacks bigquery.tables.create on bq://p.imaging or bigquery.jobs.create on projects/p: run" in said


def test_where_no_place_is_known_all_grants_are_named() -> None:
    assert "roles/pubsub.publisher on the topic" in (refused("Pub/Sub") or "")
    assert agents.remedy("Quota exceeded", AGENT, "p", OWN, ()) is None
