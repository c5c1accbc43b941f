"""Fixtures of the label table's tests: a connection to the shared emulator, in a BigQuery dataset of its own."""

from __future__ import annotations

import dataclasses
import io
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from scripts.connection import Connection, resolve_endpoints
from tests.scripts.chestxrays.labelled import small_set
from tests.scripts.conftest import Live
from tests.scripts.files import small_film
from tests.support.public_bucket import make_public_bucket


@pytest.fixture
def stack(live: Live, tmp_path: Path) -> Live:
    """The shared environment, with a BigQuery dataset of its own that the healthcare agent may write."""
    from google.cloud import bigquery

    dataset = f"labels_{secrets.token_hex(4)}"
    outputs = dataclasses.replace(live.outputs, bigquery_dataset=dataset, labels={"environment": "local"})
    path = tmp_path / "stack.json"
    path.write_text(outputs.to_json())
    with Connection(outputs, resolve_endpoints(outputs, os.environ)) as target:
        made = bigquery.Dataset(f"{outputs.project}.{dataset}")
        made.location = outputs.bigquery_location
        made = target.bigquery.create_dataset(made)
        agent = bigquery.AccessEntry("WRITER", "userByEmail", outputs.healthcare_agent_email)
        made.access_entries = [*made.access_entries, agent]
        target.bigquery.update_dataset(made, ["access_entries"])
    return dataclasses.replace(live, outputs=outputs, path=path)


@pytest.fixture
def target(stack: Live) -> Iterator[Connection]:
    """A connection to that environment."""
    with Connection(stack.outputs, resolve_endpoints(stack.outputs, os.environ)) as connection:
        yield connection


@pytest.fixture(scope="session")
def public_bucket(shared_live: Live) -> str:
    """The name of the public bucket of the NIH set, on the shared emulator: films.small_set as DICOM and as PNG."""
    return make_public_bucket(shared_live.emulator, public_objects())


def public_objects() -> dict[str, bytes]:
    """What the public bucket holds, named as in Google's: dicom/00000001_000.dcm and png/00000001_000.png."""
    objects = {}
    for number, film in enumerate(small_set()):
        name = film.index.removesuffix(".png")
        objects[f"dicom/{name}.dcm"] = small_film(film.patient_id, film.follow_up + 1)
        picture = io.BytesIO()
        Image.new("L", (16, 16), number).save(picture, "PNG")
        objects[f"png/{film.index}"] = picture.getvalue()
    return objects
