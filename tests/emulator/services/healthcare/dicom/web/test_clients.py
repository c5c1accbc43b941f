"""What is left of dicomweb-client's calls, and what a viewer's page may read."""

from io import BytesIO

import pytest
import requests
from dicomweb_client.api import DICOMwebClient

from tests.emulator.services.healthcare.conftest import Store
from tests.emulator.services.healthcare.instances import instance, made
from tests.support.patience import PATIENCE

SERIES = ("1.2.1", "1.2.1.1")
ONE = (*SERIES, "1.2.1.1.1")
OCTETS = "application/octet-stream"


@pytest.fixture
def client(store: Store) -> DICOMwebClient:
    """dicomweb-client on a store with two films of two frames, and one of another study."""
    films = [
        instance(uid=f"1.2.1.1.{number}", NumberOfFrames=2, PixelData=bytes([number] * 16 + [9] * 16))
        for number in (1, 2)
    ]
    store.client.store_instances(films, study_instance_uid="1.2.1")
    store.client.store_instances([instance(study="1.2.2", series="1.2.2.1", uid="1.2.2.1.1", PatientName="Roe^Ann")])
    return store.client


def test_store_into_a_study(client: DICOMwebClient) -> None:
    with pytest.raises(requests.HTTPError) as refused:
        client.store_instances([instance(uid="1.9")], study_instance_uid="1.2.2")
    assert refused.value.response is not None
    assert refused.value.response.status_code == 409


def test_search_with_its_every_parameter(client: DICOMwebClient) -> None:
    found = client.search_for_studies(
        fuzzymatching=True,
        search_filters={"PatientName": "ro"},
        fields=["StudyDescription", "00081030"],
        limit=1,
        offset=0,
    )
    assert [row["0020000D"]["Value"] for row in found] == [["1.2.2"]]
    assert len(client.search_for_series(study_instance_uid="1.2.1", fields=["all"])) == 1
    rows = client.search_for_instances(*SERIES, search_filters={"SOPInstanceUID": "1.2.1.1.2"}, fields=["PatientName"])
    assert [row["00080018"]["Value"] for row in rows] == [["1.2.1.1.2"]]
    assert len(client.search_for_instances(limit=1, get_remaining=True)) == 3


def test_frames_in_each_form(client: DICOMwebClient) -> None:
    wanted = [bytes([1] * 16), bytes([9] * 16)]
    assert client.retrieve_instance_frames(*ONE, [1, 2]) == wanted
    assert client.retrieve_instance_frames(*ONE, [2], media_types=((OCTETS, "*"),)) == wanted[1:]
    assert [bytes(frame) for frame in client.iter_instance_frames(*ONE, [2, 1])] == wanted[::-1]
    jpeg = client.retrieve_instance_frames(*ONE, [1], media_types=(("image/jpeg", "1.2.840.10008.1.2.4.50"),))
    assert jpeg[0].startswith(b"\xff\xd8")
    png = client.retrieve_instance_frames_rendered(*ONE, [1], media_types=("image/png",), params={"viewport": "2,2"})
    assert png.startswith(b"\x89PNG")


def test_instances_in_each_form(client: DICOMwebClient) -> None:
    for syntax in ("*", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.5"):
        media = (("application/dicom", syntax),)
        assert client.retrieve_instance(*ONE, media_types=media).SOPInstanceUID == ONE[2]
        assert len(client.retrieve_series(*SERIES, media_types=media)) == 2
        assert len(list(client.iter_series(*SERIES, media_types=media))) == 2
        assert len(list(client.iter_study("1.2.1", media_types=media))) == 2


def test_bulk_data_in_each_form(client: DICOMwebClient) -> None:
    uri = client.retrieve_instance_metadata(*ONE)["7FE00010"]["BulkDataURI"]
    whole = bytes([1] * 16 + [9] * 16)
    assert client.retrieve_bulkdata(uri) == [whole]
    assert client.retrieve_bulkdata(uri, media_types=((OCTETS, "*"),)) == [whole]
    assert [bytes(part) for part in client.iter_bulkdata(uri, media_types=(OCTETS,))] == [whole]


def test_a_rendered_series_is_not_there_as_at_google(client: DICOMwebClient) -> None:
    with pytest.raises(requests.HTTPError) as refused:
        client.retrieve_series_rendered(*SERIES, media_types=("image/png",))
    assert refused.value.response is not None
    assert refused.value.response.status_code == 404


def test_chunks_as_dicomweb_client_sends_and_reads_them(store: Store) -> None:
    client = store.client
    client.set_chunk_size(10**5)
    film = instance(Rows=1500, Columns=1500, PixelData=bytes(1500 * 1500))
    client.store_instances([film])
    assert len(client.retrieve_instance(*ONE).PixelData) == 1500 * 1500
    client.set_http_retry_params(retry=False)
    assert [each.SOPInstanceUID for each in client.iter_study("1.2.1")] == [ONE[2]]


PAGE = {"Origin": "http://localhost:3000"}


def test_a_page_of_this_machine_may_ask_and_read(store: Store) -> None:
    assert store.post(made()).status_code == 200
    asks = {
        **PAGE,
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization,if-none-match,range",
    }
    before = requests.options(f"{store.url}/studies", headers=asks, timeout=PATIENCE)
    assert before.status_code == 204
    assert before.headers["access-control-allow-origin"] == PAGE["Origin"]
    assert "GET" in before.headers["access-control-allow-methods"]
    assert before.headers["access-control-allow-headers"] == "authorization,if-none-match,range"
    for path in ("studies", "studies/1.2.1/metadata", "/".join(("studies", "1.2.1", "series", SERIES[1]))):
        answer = store.session.get(f"{store.url}/{path}", headers=PAGE, timeout=PATIENCE)
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == PAGE["Origin"]
        assert "etag" in answer.headers["access-control-expose-headers"]
    refused = store.session.get(f"{store.url}/studies/9", headers=PAGE, timeout=PATIENCE)
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (404, PAGE["Origin"])


def test_a_page_of_elsewhere_may_not_read(store: Store) -> None:
    answer = store.session.get(f"{store.url}/studies", headers={"Origin": "https://example.org"}, timeout=PATIENCE)
    assert "access-control-allow-origin" not in answer.headers


def test_head_is_get_without_the_body(store: Store) -> None:
    assert store.post(made()).status_code == 200
    url = f"{store.url}/studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.1"
    headers = {"Accept": "application/dicom; transfer-syntax=*"}
    answer = store.session.head(url, headers=headers, timeout=PATIENCE)
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) == len(BytesIO(made()).getvalue())
