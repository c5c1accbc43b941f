"""An emulator with a dataset, and browsers that have followed a link to its console."""

import re
from collections.abc import Callable, Iterator
from html import unescape
from typing import Any, cast

import httpx
import pytest

from emulator.serving.asgi import Application
from emulator.settings import Settings
from tests.emulator.conftest import InProcess
from tests.support.emulator import free_port
from tests.support.patience import eventually

HOST = "http://127.0.0.1:9470"
PROJECT = "unit-project"
BASE = "/_emulator/console/"
DATASET = f"projects/{PROJECT}/locations/us-central1/datasets/d"


class Site:
    """The emulator over HTTP, without a network."""

    def __init__(self, running: InProcess) -> None:
        self.running = running
        self.application = Application(running.emulator)
        self._transport = httpx.ASGITransport(app=cast("Any", self.application))

    @property
    def emulator(self) -> Any:
        """The emulator that answers now."""
        return self.application._current.emulator

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """One request."""

        async def sending() -> httpx.Response:
            async with httpx.AsyncClient(transport=self._transport, base_url=HOST) as client:
                return await client.request(method, path, **options)

        return self.running.run(sending())

    def api(self, method: str, path: str, body: Any = None, token: str = "", **options: Any) -> httpx.Response:
        """A call of an API, with a token or the owner's."""
        token = token or self.emulator.authenticator.owner_token
        headers = {"authorization": f"Bearer {token}", **options.pop("headers", {})}
        return self.send(method, path, json=body, headers=headers, **options)

    def made(self, path: str, body: Any = None) -> Any:
        """The JSON of a POST by the owner that is expected to be done."""
        answer = self.api("POST", path, body or {})
        assert answer.status_code == 200, answer.text
        return answer.json()

    @property
    def project(self) -> str:
        """The emulator's project."""
        return PROJECT

    def sent(self, method: str, path: str, body: bytes, media: str) -> None:
        """Send bytes of a media type, which are expected to be taken."""
        headers = {"authorization": f"Bearer {self.emulator.authenticator.owner_token}", "content-type": media}
        answer = self.send(method, path, content=body, headers=headers)
        assert answer.status_code < 300, answer.text

    def account(self, name: str) -> str:
        """The address of a new service account without any right."""
        return str(self.made(f"/v1/projects/{PROJECT}/serviceAccounts", {"accountId": name})["email"])

    def grant(self, resource: str, role: str, email: str) -> None:
        """Add a binding to a policy."""
        policy = self.api("GET", f"/v1/{resource}:getIamPolicy").json()
        if "bindings" not in policy and "etag" not in policy:
            policy = self.made(f"/v1/{resource}:getIamPolicy")
        bindings = [*policy.get("bindings", []), {"role": role, "members": [f"serviceAccount:{email}"]}]
        self.made(f"/v1/{resource}:setIamPolicy", {"policy": {**policy, "bindings": bindings}})

    def enter(self, account: str = "") -> "Browser":
        """A browser with a session: the owner's, or that of a service account."""
        link = self.made("/_emulator/console", {"serviceAccount": account} if account else {})["path"]
        cookie = self.send("GET", link).headers["set-cookie"].partition(";")[0]
        return Browser(self, cookie)


class Browser:
    """Looks at pages with a session's cookie."""

    def __init__(self, site: Site, cookie: str) -> None:
        self.site = site
        self.headers = {"cookie": cookie, "sec-fetch-site": "same-origin"}

    def get(self, page: str, /, **query: str) -> httpx.Response:
        """A page."""
        return self.site.send("GET", BASE + page, headers=self.headers, params=query)

    def post(self, page: str, /, **form: str) -> httpx.Response:
        """What a form of a page sends."""
        return self.site.send("POST", BASE + page, headers=self.headers, data=form)

    def read(self, page: str, /, **query: str) -> str:
        """The words of a page that is there, without what is hidden from everybody."""
        answer = self.get(page, **query)
        assert answer.status_code == 200, answer.text
        return words(answer.text)

    def read_with(self, said: str, page: str, /, **query: str) -> str:
        """The same once it has certain words."""
        return eventually(lambda: self.read(page, **query), lambda text: said in text)


def words(html: str) -> str:
    """A page's text, one space between words."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html.partition("<body>")[2].replace("<wbr>", ""))).split())


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """An emulator with an empty dataset and a DICOM store."""
    running = InProcess(Settings(state=tmp_path_factory.mktemp("console"), project=PROJECT, grpc_port=free_port()))
    site = Site(running)
    site.made(f"/v1/{DATASET.rpartition('/')[0]}?datasetId=d")
    site.made(f"/v1/{DATASET}/dicomStores?dicomStoreId=images")
    yield site
    running.run(site.emulator.stop())
    running._runner.close()


@pytest.fixture
def owner(site: Site) -> Browser:
    """The owner's browser."""
    return site.enter()


@pytest.fixture
def stranger(site: Site, unique: Callable[[str], str]) -> Browser:
    """A browser of a service account without any right."""
    return site.enter(site.account(unique("stranger")))
