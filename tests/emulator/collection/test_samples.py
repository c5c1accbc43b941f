"""Sample requests: each reaches the method that it is a sample of, from whatever file of a collection it is sent."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import pytest

from emulator import collecting
from emulator.app import SERVICES
from emulator.collection.samples import BODIES, NAMED, Sample, value_of
from emulator.errors import ApiError
from emulator.gateway.registry import Registry
from tests.support.emulator import RunningEmulator

PROJECT = "test-project"
STORE = "healthcare.projects.locations.datasets.fhirStores"


@pytest.fixture(scope="module")
def samples() -> dict[str, list[Sample]]:
    return dict(collecting.documents())


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Registry(import_module(f"emulator.services.{name}").SERVICE for name in SERVICES)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("collections")
    for form in collecting.FORMATS:
        assert collecting.run(made, form, ["healthcare.v1"], PROJECT) == 0
    return made


def filled(text: str) -> str:
    return NAMED.sub(lambda found: value_of(found[1], PROJECT), text)


def test_every_sample_reaches_its_method(samples: dict[str, list[Sample]], registry: Registry) -> None:
    wrong = []
    for each in (each for found in samples.values() for each in found):
        route, _, _ = registry.router.find(each.method.http, filled(each.path).partition("?")[0])
        if route is None or route.method.flat_path != each.method.flat_path:  # two APIs of one path share it here
            wrong.append((each.method.id, each.path))
    assert wrong == []


def test_there_is_a_sample_of_every_method_that_is_emulated(
    samples: dict[str, list[Sample]], registry: Registry
) -> None:
    there = {each.method.id for found in samples.values() for each in found}
    emulated = {method for service in registry.services.values() for method in service.registrations}
    assert emulated - there == set()


def test_bodies_are_of_methods_that_there_are(samples: dict[str, list[Sample]]) -> None:
    assert BODIES.keys() - {each.method.id for found in samples.values() for each in found} == set()


Request = tuple[str, str, dict[str, str], str]


def requests_of(file: Path) -> Iterator[tuple[str, Request]]:
    """The requests in a file of REST Client by their names, with its variables in place."""
    head, *parts = file.read_text().split("\n### ")
    values = dict(re.findall(r"^@(\w+) = (.*)$", head, re.M))
    for part in parts:
        name, _, rest = re.sub(r"\{\{(\w+)\}\}", lambda found: values[found[1]], part).partition("\n")
        lines, _, body = rest.partition("\n\n")
        first, *headers = (line for line in lines.splitlines() if not line.startswith("#"))
        verb, url = first.split(" ", 1)
        yield name, (verb, url, dict(line.split(": ", 1) for line in headers), body.strip())


def test_an_editors_requests_build_a_store_and_find_what_is_put_there(
    folder: Path, emulator: RunningEmulator, unique: Callable[[str], str]
) -> None:
    requests = dict(requests_of(folder / "healthcare.v1.http"))
    dataset = unique("collection")
    found = []
    for method in (
        "healthcare.projects.locations.datasets.create",
        f"{STORE}.create",
        f"{STORE}.fhir.update",
        f"{STORE}.fhir.patch",
        f"{STORE}.fhir.read",
        f"{STORE}.fhir.executeBundle",
        f"{STORE}.delete",
    ):
        verb, url, headers, body = requests[method]
        assert headers["Authorization"] == "Bearer {{$processEnv GOOGLE_OAUTH_ACCESS_TOKEN}}"
        path = url.removeprefix("{{$processEnv HEALTHCARE_EMULATOR_HOST}}")
        path = re.sub(r"(?<=datasets/)dataset\b|(?<=datasetId=)dataset\b", dataset, path)
        found.append(emulator.request(verb, path, json.loads(body) if body else None))
    assert [status for status, _ in found] == [200, 200, 201, 200, 200, 200, 200], found
    assert found[4][1]["active"] is True
    assert found[5][1]["entry"][0]["response"]["status"] == "201 Created"


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not there")
def test_a_script_sends_them_with_curl(folder: Path, emulator: RunningEmulator, unique: Callable[[str], str]) -> None:
    environment = {
        "PATH": "/usr/bin:/bin",
        "HEALTHCARE_EMULATOR_HOST": emulator.base_url,
        "GOOGLE_OAUTH_ACCESS_TOKEN": emulator.owner_token,
        "datasetsId": unique("collection"),
    }

    def send(method: str, *options: str, **more: str) -> subprocess.CompletedProcess[str]:
        command = ["sh", str(folder / "healthcare.v1.sh"), method, *options]
        return subprocess.run(command, env=environment | more, capture_output=True, text=True, check=False)

    assert "name" in json.loads(send("healthcare.projects.locations.datasets.create").stdout)
    named = json.loads(send(f"{STORE}.create", BODY='{"version": "STU3"}', fhirStoresId="other").stdout)
    assert (named["name"].rsplit("/", 1)[1], named["version"]) == ("other", "STU3")
    seen = send(f"{STORE}.get", "--include", fhirStoresId="other")
    assert seen.stdout.startswith("HTTP/1.1 200")
    missing = send(f"{STORE}.get")
    assert (missing.returncode, json.loads(missing.stdout)["error"]["code"]) == (22, 404)
    assert send("no.such").returncode == 2
    assert f"{STORE}.fhir.search" in send("").stdout.split()


def test_a_document_that_there_is_not_is_named(tmp_path: Path) -> None:
    with pytest.raises(ApiError, match=r"There is no document \"healthcare\.v2\".*healthcare\.v1"):
        collecting.run(tmp_path / "new", "http", ["healthcare.v2"], PROJECT)
    assert not (tmp_path / "new").exists()
