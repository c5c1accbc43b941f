"""One browser for all tests, and one store with the studies that they look at."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from selenium import webdriver

from tests.browser import chromium, prepare
from tests.browser.page import Page
from tests.browser.studies import Study, studies
from tests.emulator.console.filling import MEDIA, bodies
from tests.scripts.outputs import outputs_for
from tests.support.emulator import ROOT, RunningEmulator
from tests.support.patience import PATIENCE


@dataclass(frozen=True)
class Store:
    """A DICOM store that holds the studies."""

    emulator: RunningEmulator
    outputs: Path
    studies: dict[str, Study]
    url: str

    def add(self, files: list[bytes]) -> None:
        """Store DICOM files."""
        headers = {"Content-Type": MEDIA, "Authorization": f"Bearer {self.emulator.owner_token}"}
        for body in bodies(files):
            with urllib.request.urlopen(urllib.request.Request(self.url, body, headers), timeout=PATIENCE) as answer:
                assert answer.status == 200

    def link(self) -> str:
        """A fresh link to the viewer, as the command prints it."""
        command = [sys.executable, "-m", "scripts", "view", "--outputs", str(self.outputs)]
        done = subprocess.run(
            command, cwd=ROOT, env=self.emulator.environment(), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


@pytest.fixture(scope="module")
def store(emulator: RunningEmulator, unique: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The store, filled by DICOMweb."""
    parent = f"projects/{emulator.project}/locations/us-central1/datasets"
    dataset = unique("browser")
    assert emulator.request("POST", f"/v1/{parent}?datasetId={dataset}", {})[0] == 200
    parent = f"{parent}/{dataset}/dicomStores"
    assert emulator.request("POST", f"/v1/{parent}?dicomStoreId=images", {})[0] == 200
    outputs = replace(outputs_for(emulator.base_url, project=emulator.project), dicom_store_name=f"{parent}/images")
    file_of_outputs = tmp_path_factory.mktemp("browser") / "outputs.json"
    file_of_outputs.write_text(outputs.to_json())
    found = Store(emulator, file_of_outputs, studies(), f"{emulator.base_url}/v1/{parent}/images/dicomWeb/studies")
    found.add([file for study in found.studies.values() for file in study.files])
    return found


@pytest.fixture(scope="module")
def page(store: Store, driver: webdriver.Chrome) -> Page:
    """A browser that has followed a link to the viewer."""
    return Page(driver, store.emulator.base_url).enter(store.link())


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """A browser, for the tests of a module."""
    sentence = prepare.missing()
    if sentence:
        pytest.fail(sentence)
    with chromium.started(tmp_path_factory.mktemp("chromium")) as driver:
        yield driver


def requested(driver: webdriver.Chrome) -> list[str]:
    """The address of every request that the browser made so far."""
    messages = (json.loads(entry["message"])["message"] for entry in driver.get_log("performance"))  # type: ignore[no-untyped-call]
    return [
        str(message["params"]["request"]["url"])
        for message in messages
        if message["method"] == "Network.requestWillBeSent"
    ]
