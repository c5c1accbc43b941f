"""Pages, by every list of every service alike (AIP-158)."""

from collections.abc import Callable
from typing import Any

import pytest

from emulator.errors import ApiError
from emulator.gateway import paging
from tests.conftest import PROJECT
from tests.support.emulator import RunningEmulator

LOCATION = f"projects/{PROJECT}/locations/us-central1"
LISTS = (
    ("/v1/projects/{project}/locations", "pageSize"),
    ("/v1/{location}/datasets", "pageSize"),
    ("/v1/{location}/datasets/pages/dicomStores", "pageSize"),
    ("/v1/{location}/datasets/pages/operations", "pageSize"),
    ("/v1/projects/{project}/topics", "pageSize"),
    ("/v1/projects/{project}/subscriptions", "pageSize"),
    ("/v1/projects/{project}/topics/pages/subscriptions", "pageSize"),
    ("/v1/projects/{project}/schemas", "pageSize"),
    ("/v1/projects/{project}/serviceAccounts", "pageSize"),
    ("/v1/roles", "pageSize"),
    ("/v1/projects/{project}/services", "pageSize"),
    ("/v1/projects", "pageSize"),
    ("/v1/{location}/keyRings", "pageSize"),
    ("/v1/{location}/jobs", "pageSize"),
    ("/v2/projects/{project}/logs", "pageSize"),
    ("/v2/projects/{project}/sinks", "pageSize"),
    ("/storage/v1/b?project={project}", "maxResults"),
    ("/storage/v1/b/pages-bucket/o", "maxResults"),
    ("/bigquery/v2/projects", "maxResults"),
    ("/bigquery/v2/projects/{project}/datasets", "maxResults"),
    ("/bigquery/v2/projects/{project}/datasets/pages/tables", "maxResults"),
    ("/bigquery/v2/projects/{project}/jobs", "maxResults"),
    ("/bigquery/v2/projects/{project}/datasets/pages/tables/t/data", "maxResults"),
)


@pytest.fixture(scope="module")
def things(emulator: RunningEmulator) -> None:
    """What the lists are of."""
    for method, path, body in (
        ("POST", f"/v1/{LOCATION}/datasets?datasetId=pages", {}),
        ("PUT", f"/v1/projects/{PROJECT}/topics/pages", {}),
        ("POST", f"/storage/v1/b?project={PROJECT}", {"name": "pages-bucket"}),
        ("POST", f"/bigquery/v2/projects/{PROJECT}/datasets", {"datasetReference": {"datasetId": "pages"}}),
    ):
        code, answer = emulator.request(method, path, body)
        assert code == 200, answer
    table: dict[str, Any] = {
        "tableReference": {"tableId": "t"},
        "schema": {"fields": [{"name": "n", "type": "INTEGER"}]},
    }
    code, answer = emulator.request("POST", f"/bigquery/v2/projects/{PROJECT}/datasets/pages/tables", table)
    assert code == 200, answer


def address(path: str, query: str) -> str:
    filled = path.format(project=PROJECT, location=LOCATION)
    return f"{filled}{'&' if '?' in filled else '?'}{query}"


@pytest.mark.usefixtures("things")
@pytest.mark.parametrize(("path", "size"), LISTS)
def test_a_page_that_is_none_is_a_400(emulator: RunningEmulator, path: str, size: str) -> None:
    tokens = ("xx", "%00", "WyJ4IiwxLDJd", "Wy0xXQ")
    for query in (f"{size}=-1", f"{size}=x", *(f"pageToken={token}" for token in tokens)):
        code, answer = emulator.request("GET", address(path, query))
        assert (code, answer["error"]["code"]) == (400, 400), (query, answer)


@pytest.mark.usefixtures("things")
@pytest.mark.parametrize(("path", "size"), LISTS)
def test_an_empty_parameter_was_not_given(emulator: RunningEmulator, path: str, size: str) -> None:
    """Clients of Go send every parameter, empty ones too."""
    assert emulator.request("GET", address(path, f"{size}=&pageToken="))[0] == 200
    assert emulator.request("GET", address(path, f"{size}=0"))[0] == 200
    assert emulator.request("GET", address(path, f"{size}=1000000"))[0] == 200


def test_operations_of_a_dataset_that_is_not_there(emulator: RunningEmulator) -> None:
    assert emulator.request("GET", f"/v1/{LOCATION}/datasets/none/operations")[0] == 404


def test_pages_one_after_the_other(emulator: RunningEmulator) -> None:
    seen: list[str] = []
    token = ""
    while True:
        page = emulator.request("GET", f"/v1/projects/{PROJECT}/locations?pageSize=7&pageToken={token}")[1]
        assert len(page["locations"]) <= 7
        seen += [location["locationId"] for location in page["locations"]]
        token = page.get("nextPageToken", "")
        if not token:
            break
    everything = emulator.request("GET", f"/v1/projects/{PROJECT}/locations")[1]["locations"]
    assert seen == [location["locationId"] for location in everything]


@pytest.mark.parametrize(("parts", "kinds"), [((7,), (int,)), (("a/b ä",), (str,)), (("x", 3), (str, int))])
def test_a_token_comes_back_as_it_was(parts: tuple[Any, ...], kinds: tuple[type, ...]) -> None:
    assert paging.decode(paging.encode(*parts), *kinds) == parts


@pytest.mark.parametrize(
    "asked",
    [
        lambda: paging.decode(paging.encode("a"), int),
        lambda: paging.decode(paging.encode(1), str),
        lambda: paging.decode(paging.encode(1, 2), int),
        lambda: paging.decode("é", int),
        lambda: paging.whole({"pageSize": -1}, "pageSize"),
        lambda: paging.whole({"pageSize": 2**70}, "pageSize"),
        lambda: paging.whole({"pageSize": "1_0"}, "pageSize"),
    ],
)
def test_what_was_not_made_here_is_refused(asked: Callable[[], Any]) -> None:
    with pytest.raises(ApiError) as refused:
        asked()
    assert refused.value.code == 400
