"""Discovery documents: clients can be built from those that the emulator gives, and then stay with it."""

from typing import Any

import pytest

from tests.support.emulator import RunningEmulator


@pytest.mark.parametrize(
    ("path", "name", "base"),
    [
        ("/discovery/v1/apis/healthcare/v1beta1/rest", "healthcare:v1beta1", "/"),
        ("/discovery/v1/apis/storage/v1/rest", "storage:v1", "/storage/v1/"),
        ("/$discovery/rest?version=v2", "bigquery:v2", "/bigquery/v2/"),
        ("/%24discovery/rest?version=v1", "healthcare:v1", "/"),
    ],
)
def test_documents_name_the_emulator_and_nothing_of_google(
    emulator: RunningEmulator, path: str, name: str, base: str
) -> None:
    """Anybody may read them, as at Google."""
    code, document = emulator.request("GET", path, token="")
    assert (code, document["id"]) == (200, name)
    assert (document["rootUrl"], document["baseUrl"]) == (f"{emulator.base_url}/", emulator.base_url + base)
    assert not {"mtlsRootUrl", "endpoints"} & set(document)
    assert document["resources"]


@pytest.mark.parametrize(
    "path", ["/discovery/v1/apis/drive/v3/rest", "/discovery/v1/apis/healthcare/v9/rest", "/$discovery/rest?version=v9"]
)
def test_what_is_not_emulated_has_none(emulator: RunningEmulator, path: str) -> None:
    code, answer = emulator.request("GET", path)
    assert (code, "is emulated" in answer["error"]["message"]) == (404, True)


def test_a_client_is_built_from_one(emulator: RunningEmulator, owner_credentials: Any) -> None:
    from googleapiclient.discovery import build

    place = emulator.base_url + "/discovery/v1/apis/{api}/{apiVersion}/rest"
    client = build("pubsub", "v1", credentials=owner_credentials, discoveryServiceUrl=place, static_discovery=False)
    topics = client.projects().topics().list(project=f"projects/{emulator.project}").execute()
    assert isinstance(topics, dict)
    client.close()
