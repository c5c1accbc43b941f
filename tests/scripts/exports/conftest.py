"""The stores of other tests' fixtures, for exports of each kind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from google.cloud import storage
from google.oauth2.credentials import Credentials

from tests.scripts.conftest import Live
from tests.scripts.fhir.conftest import make_store as make_fhir_store
from tests.scripts.hl7v2.conftest import make_store as make_hl7v2_store

__all__ = ["make_fhir_store", "make_hl7v2_store"]


@pytest.fixture
def exported(live: Live) -> Iterator[storage.Bucket]:
    """The export bucket, as the owner sees it."""
    credentials = Credentials(token=live.emulator.owner_token)
    client = storage.Client(live.outputs.project, credentials, client_options={"api_endpoint": live.emulator.base_url})
    yield client.bucket(live.outputs.export_bucket)
    client.close()
