"""The console as a person uses it, in a browser, and an emulator with something on each of its pages."""

import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from tests.browser import waiting
from tests.browser.studies import studies
from tests.browser.waiting import T
from tests.emulator.console import filling
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE

BASE = "/_emulator/console/"


@dataclass
class Filled:
    """An emulator with stores of no study, one and many, and something of all else; `pages` are all that there are."""

    emulator: RunningEmulator
    pages: dict[str, str] = field(default_factory=dict)

    @property
    def project(self) -> str:
        """Its project."""
        return self.emulator.project

    def made(self, path: str, body: Any = None) -> Any:
        """The JSON of a POST that is expected to be done."""
        status, answer = self.emulator.request("POST", path, body or {})
        assert status == 200, answer
        return answer

    def sent(self, method: str, path: str, body: bytes, media: str) -> None:
        """Send bytes of a media type, which are expected to be taken."""
        headers = {"Content-Type": media, "Authorization": f"Bearer {self.emulator.owner_token}"}
        request = urllib.request.Request(self.emulator.base_url + path, body, headers, method=method)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            assert answer.status < 300

    def fill(self) -> "Filled":
        """Put it all there."""
        self.made(f"/v1/projects/{self.project}/locations/us-central1/datasets?datasetId=d")
        self.pages = {"overview": "", **self._images(), **self._records(), **self._cloud()}
        self.pages |= {page: page for page in ("operations", "requests", "faults", "snapshots")}
        self.pages |= {"audit": "audit?denied=1", "sql-box": "sql", "not-found": "nothing"}
        self._denied()
        self.made("/_emulator/snapshots", {"name": "base"})
        self.made("/_emulator/faults", {"method": "storage.objects.get", "code": 503})
        return self

    def held(self) -> str:
        """The number of a new operation, which waits where operations are held."""
        source = {"gcsSource": {"uri": "gs://films-landing/*.dcm"}}
        name = self.made(f"/v1/{filling.dataset(self)}/dicomStores/one:import", source)["name"]
        return str(name.rpartition("/")[2])

    def _images(self) -> dict[str, str]:
        drawn = [study.files[0] for study in studies().values()]
        film = studies()["film"]
        one = filling.dicom_store(self, "one", film.files)
        stores = {
            "studies-none": filling.dicom_store(self, "none", []),
            "studies-one": one,
            "studies-many": filling.dicom_store(self, "many", [*drawn, *filling.studies(filling.MANY - len(drawn))]),
        }
        return {
            **{name: f"studies?store={store}" for name, store in stores.items()},
            "study": f"study?store={one}&study={film.uid}",
        }

    def _records(self) -> dict[str, str]:
        records = filling.fhir_store(self, "records")
        for number, family in enumerate(("Lovelace", "Byron", "Somerville")):
            filling.resource(self, records, filling.patient(number, family))
            filling.resource(self, records, filling.weight(number, 61.5 + number))
        orders = filling.hl7v2_store(self, "orders")
        message = filling.message(self, orders, "Lovelace")
        consents = f"{filling.dataset(self)}/consentStores/consents"
        self.made(f"/v1/{filling.dataset(self)}/consentStores?consentStoreId=consents")
        attribute = {"category": "REQUEST", "allowedValues": ["research"]}
        self.made(f"/v1/{consents}/attributeDefinitions?attributeDefinitionId=purpose", attribute)
        return {
            "resources": f"resources?store={records}",
            "resource": f"resource?store={records}&type=Patient&id=p0",
            "hl7v2": f"hl7v2?store={orders}",
            "message": f"message?name={message}",
            "consents": f"consents?store={consents}",
        }

    def _cloud(self) -> dict[str, str]:
        self.made(f"/storage/v1/b?project={self.project}", {"name": "films-landing"})
        self.sent("POST", "/upload/storage/v1/b/films-landing/o?uploadType=media&name=a/b.txt", b"text", "text/plain")
        self.made(f"/v1/projects/{self.project}/locations/us-central1/keyRings?keyRingId=ring")
        key = f"/v1/projects/{self.project}/locations/us-central1/keyRings/ring/cryptoKeys?cryptoKeyId=films"
        self.made(key, {"purpose": "ENCRYPT_DECRYPT"})
        base = f"/bigquery/v2/projects/{self.project}"
        self.made(f"{base}/datasets", {"datasetReference": {"datasetId": "research"}})
        filling.run_sql(self, "CREATE TABLE research.labels (label STRING, films INT64)")
        filling.run_sql(self, "INSERT research.labels VALUES ('Effusion', 133), ('Nodule', 63), ('Mass', 58)")
        query = "SELECT label, films FROM research.labels ORDER BY films DESC"
        job = self.made(f"{base}/queries", {"query": query, "useLegacySql": False})["jobReference"]
        return {
            "objects": "objects?bucket=films-landing",
            "topic": f"topic?topic={filling.topic(self, 'news')}",
            "sql": f"sql?job={job['jobId']}&location={job['location']}",
        }

    def _denied(self) -> None:
        """A call that is denied, so that the audit log has one."""
        accounts = f"/v1/projects/{self.project}/serviceAccounts"
        email = self.made(accounts, {"accountId": "researcher"})["email"]
        policy = self.made(f"{accounts}/{email}:getIamPolicy")
        binding = {"role": "roles/iam.serviceAccountTokenCreator", "members": [f"user:{self._owner}"]}
        self.made(f"{accounts}/{email}:setIamPolicy", {"policy": {**policy, "bindings": [binding]}})
        token = self.made(
            f"/v1/projects/-/serviceAccounts/{email}:generateAccessToken",
            {"scope": ["https://www.googleapis.com/auth/cloud-platform"]},
        )["accessToken"]
        store = f"/v1/{filling.dataset(self)}/dicomStores/one?updateMask=labels"
        assert self.emulator.request("PATCH", store, {"labels": {"a": "b"}}, token)[0] == 403

    @property
    def _owner(self) -> str:
        return f"owner@{self.project}.example"


class Window:
    """One browser window on the console."""

    def __init__(self, driver: Chrome, root: str) -> None:
        self.driver = driver
        self._root = root

    def enter(self, path: str) -> "Window":
        """Follow a link."""
        self.driver.get(self._root + path)
        self.wait(lambda: self.driver.current_url == f"{self._root}{BASE}", "the link to lead to the console")
        return self

    def show(self, page: str) -> None:
        """Go to a page."""
        self.driver.get(f"{self._root}{BASE}{page}")

    def prefer(self, scheme: str) -> None:
        """Ask for light or dark, as the system's setting does."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def text(self) -> str:
        """What there is to read."""
        return self.driver.find_element(By.TAG_NAME, "main").text

    def wait(self, look: Callable[[], T | None], what: str) -> T:
        """The first true value of `look`; fails after a minute without one."""
        return waiting.wait(look, what, self.text)

    def wait_for(self, words: str) -> None:
        """Wait until the page says so."""
        self.wait(lambda: words in self.text(), words)

    def press(self, text: str) -> None:
        """Press the first button of that name, hidden words not counted."""
        buttons = self.driver.find_elements(By.TAG_NAME, "button")
        next(button for button in buttons if button.text.split("\n")[0].startswith(text)).click()
