"""Who may look at a store in a browser, and what the browser gets."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from emulator.serving.asgi import Application
from emulator.settings import Settings
from emulator.web.files import Files
from emulator.web.sessions import Sessions
from emulator.web.viewer import viewer
from tests.emulator.conftest import InProcess
from tests.support.emulator import free_port

HOST = "http://127.0.0.1:9470"
DATASETS = "/v1/projects/unit-project/locations/us-central1/datasets"
STORE = f"{DATASETS[4:]}/d/dicomStores/s"
STUDIES = f"/v1/{STORE}/dicomWeb/studies"
PAGE = {"sec-fetch-site": "same-origin"}
Call = Callable[..., httpx.Response]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcess]:
    """One emulator with a store."""
    settings = Settings(state=tmp_path_factory.mktemp("viewer"), project="unit-project", grpc_port=free_port())
    running = InProcess(settings)
    for path in (f"{DATASETS}?datasetId=d", f"{DATASETS}/d/dicomStores?dicomStoreId=s"):
        assert caller(running)("POST", path, {}, None).status_code == 200
    yield running
    running.close()


@pytest.fixture
def in_process(shared: InProcess, tmp_path: Path) -> InProcess:
    """That emulator without any session, and with a package of a few files."""
    folder = tmp_path / "package"
    folder.mkdir()
    (folder / "index.html").write_text("<html>the viewer</html>")
    (folder / "app.bundle.0123456789abcdef.js").write_text("1;")
    (folder / "codec.wasm").write_bytes(b"\0asm")
    (folder / "_headers").write_text("not for browsers")
    shared.write(lambda tx: tx.execute("DELETE FROM viewer_sessions"))
    viewer(shared.emulator)._sessions = Sessions(shared.emulator, "viewer", "/")
    viewer(shared.emulator)._files = Files(folder)
    return shared


def caller(running: InProcess) -> Call:
    """Calls an emulator; with a token, or None for the owner's, or "" for none."""
    transport = httpx.ASGITransport(app=cast("Any", Application(running.emulator)))

    def call(method: str, path: str, body: Any = None, token: str | None = "", **headers: str) -> httpx.Response:
        if token != "":
            headers["authorization"] = f"Bearer {token or running.emulator.authenticator.owner_token}"

        async def send() -> httpx.Response:
            async with httpx.AsyncClient(transport=transport, base_url=HOST) as client:
                named = {name.replace("_", "-"): value for name, value in headers.items()}
                return await client.request(method, path, json=body, headers=named)

        return running.run(send())

    return call


@pytest.fixture
def call(in_process: InProcess) -> Call:
    return caller(in_process)


def link(call: Call, token: str | None = None, **body: str) -> str:
    answer = call("POST", "/_emulator/viewer", {"store": STORE, **body}, token)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["path"])


def cookie(call: Call, token: str | None = None) -> str:
    return str(call("GET", link(call, token)).headers["set-cookie"]).partition(";")[0]


def test_nothing_is_there_before_somebody_asks_for_a_link(call: Call) -> None:
    assert call("GET", "/").status_code == 404
    assert call("GET", "/codec.wasm").status_code == 404


def test_a_link_works_once_and_its_cookie_is_closed_to_scripts_and_other_sites(call: Call) -> None:
    path = link(call)
    first = call("GET", path)
    assert first.status_code == 200
    assert 'url=/"' in first.text
    parts = first.headers["set-cookie"].split("; ")
    assert parts[0].startswith("emulator-viewer-9470=")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(parts)
    again = call("GET", path)
    assert again.status_code == 403
    assert "set-cookie" not in again.headers
    assert call("GET", path, cookie=parts[0]).status_code == 200  # the same browser, reloading


def test_a_browser_that_looks_ahead_does_not_use_the_link_up(call: Call) -> None:
    path = link(call)
    assert "set-cookie" not in call("GET", path, sec_purpose="prefetch;prerender").headers
    assert "set-cookie" in call("GET", path).headers


def test_a_link_to_a_study_leads_there(call: Call) -> None:
    assert "url=/viewer?StudyInstanceUIDs=1.2.3" in call("GET", link(call, study="1.2.3")).text
    bad = call("POST", "/_emulator/viewer", {"store": STORE, "study": '1"><script>'}, None)
    assert bad.status_code == 400


def test_the_page_and_its_configuration_are_for_sessions(call: Call) -> None:
    mine = cookie(call)
    page = call("GET", "/viewer?StudyInstanceUIDs=1.2", cookie=mine)
    assert (page.status_code, page.text) == (200, "<html>the viewer</html>")
    assert "default-src 'self'" in page.headers["content-security-policy"]
    stranger = call("GET", "/", accept="text/html,*/*")
    assert stranger.status_code == 401
    assert "python -m scripts view" in stranger.text
    script = call("GET", "/app-config.js", cookie=mine, **PAGE)
    config = json.loads(script.text.removeprefix("window.config = ").partition(";\n")[0])
    assert config["dataSources"][0]["namespace"].partition(".")[0] in script.text.partition(";\n")[2]
    assert config["dataSources"][0]["configuration"]["qidoRoot"] == f"/v1/{STORE}/dicomWeb"
    assert call("GET", "/app-config.js", cookie=mine, sec_fetch_site="same-site").status_code == 401


def test_files_have_types_and_validators_and_hashed_names_are_kept(call: Call) -> None:
    link(call)
    bundle = call("GET", "/app.bundle.0123456789abcdef.js")
    assert (bundle.text, bundle.headers["content-type"]) == ("1;", "text/javascript; charset=utf-8")
    assert "immutable" in bundle.headers["cache-control"]
    codec = call("GET", "/codec.wasm")
    assert (codec.headers["content-type"], codec.headers["cache-control"]) == ("application/wasm", "no-cache")
    assert call("GET", "/codec.wasm", if_none_match=codec.headers["etag"]).status_code == 304
    for path in ("/_headers", "/index.html", "/..%2fstate.sqlite", "/v1/nowhere", "/viewer.js"):
        assert call("GET", path).status_code == 404, path


def test_a_session_reads_its_store_and_nothing_else(call: Call) -> None:
    mine = {"cookie": cookie(call), **PAGE}
    assert call("GET", STUDIES, **mine).status_code == 204
    assert call("POST", f"{DATASETS}/d/dicomStores?dicomStoreId=other", {}, None).status_code == 200
    assert call("GET", STUDIES.replace("/s/", "/other/"), **mine).status_code == 401
    assert call("GET", f"/v1/{STORE}", **mine).status_code == 401
    assert call("GET", f"/v1/{STORE}:getIamPolicy", **mine).status_code == 401
    assert call("POST", STUDIES, {}, **mine).status_code == 401
    assert call("DELETE", f"{STUDIES}/1.2", **mine).status_code == 401
    assert call("POST", "/_emulator/viewer", {"store": STORE}, **mine).status_code == 401


@pytest.mark.parametrize("site", ["same-site", "cross-site", "none", None])
def test_pages_of_other_origins_get_nothing_with_the_cookie(call: Call, site: str | None) -> None:
    headers = {"cookie": cookie(call)} | ({"sec-fetch-site": site} if site else {})
    assert call("GET", STUDIES, **headers).status_code == 401


def test_a_stored_page_is_not_of_the_viewers_origin(call: Call) -> None:
    """A browser gives a sandboxed document an origin of its own, so it reads neither the cookie's store nor others."""
    mine = {"cookie": cookie(call), "sec_fetch_dest": "document", "sec_fetch_site": "none"}
    assert call("POST", "/storage/v1/b?project=unit-project", {"name": "pages"}, None).status_code in (200, 409)
    upload = "/upload/storage/v1/b/pages/o?uploadType=media&name=page.html"
    assert call("POST", upload, "<script>", None, content_type="text/html").status_code == 200
    stored = call("GET", "/pages/page.html", **mine)
    assert (stored.status_code, stored.headers["content-security-policy"]) == (200, "sandbox")
    assert "sandbox" not in call("GET", "/", **mine).headers["content-security-policy"]


def test_another_name_for_this_machine_gets_nothing(call: Call) -> None:
    assert call("GET", STUDIES, cookie=cookie(call), host="rebound.example:9470", **PAGE).status_code == 401


def test_a_session_has_the_rights_of_who_asked_while_they_last(call: Call, in_process: InProcess) -> None:
    account = f"reader@{in_process.settings.project}.iam.gserviceaccount.com"
    made = call("POST", "/v1/projects/unit-project/serviceAccounts", {"accountId": "reader"}, None)
    assert made.status_code == 200
    token = in_process.emulator.authenticator.issue(account)
    refused = call("POST", "/_emulator/viewer", {"store": STORE}, token)
    assert refused.status_code == 403
    binding = {"role": "roles/healthcare.dicomViewer", "members": [f"serviceAccount:{account}"]}
    assert call("POST", f"/v1/{STORE}:setIamPolicy", {"policy": {"bindings": [binding]}}, None).status_code == 200
    mine = {"cookie": cookie(call, token), **PAGE}
    assert call("GET", STUDIES, **mine).status_code == 204
    assert call("POST", f"/v1/{STORE}:setIamPolicy", {"policy": {"bindings": []}}, None).status_code == 200
    assert call("GET", STUDIES, **mine).status_code == 403


@pytest.mark.parametrize(("method", "verb"), [("POST", ":disable"), ("DELETE", "")])
def test_a_session_ends_with_its_service_account(call: Call, in_process: InProcess, method: str, verb: str) -> None:
    name = "disabled" if verb else "deleted"
    account = f"{name}@{in_process.settings.project}.iam.gserviceaccount.com"
    made = call("POST", "/v1/projects/unit-project/serviceAccounts", {"accountId": name}, None)
    assert made.status_code == 200
    binding = {"role": "roles/healthcare.dicomViewer", "members": [f"serviceAccount:{account}"]}
    assert call("POST", f"/v1/{STORE}:setIamPolicy", {"policy": {"bindings": [binding]}}, None).status_code == 200
    token = in_process.emulator.authenticator.issue(account)
    mine, late = {"cookie": cookie(call, token), **PAGE}, link(call, token)
    assert call("GET", STUDIES, **mine).status_code == 204
    path = f"/v1/projects/unit-project/serviceAccounts/{account}{verb}"
    assert call(method, path, {} if verb else None, None).status_code == 200
    assert call("GET", STUDIES, **mine).status_code == 401
    assert call("GET", "/app-config.js", **mine).status_code == 401
    assert call("GET", late).status_code == 403


def test_sessions_outlive_a_restart_and_end_when_told(call: Call, in_process: InProcess) -> None:
    mine = {"cookie": cookie(call), **PAGE}
    viewer(in_process.emulator)._sessions._known = None  # as after a restart: what the state holds
    assert call("GET", STUDIES, **mine).status_code == 204
    assert call("DELETE", "/_emulator/viewer", None, None).json() == {"ended": 1}
    assert call("GET", STUDIES, **mine).status_code == 401
    viewer(in_process.emulator)._sessions._known = None
    assert call("GET", STUDIES, **mine).status_code == 401


def test_sessions_and_links_run_out(call: Call, in_process: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    mine, late = {"cookie": cookie(call), **PAGE}, link(call)
    clock = in_process.emulator.clock
    now = clock.seconds()
    monkeypatch.setattr(clock, "seconds", lambda: now + 601)
    assert call("GET", late).status_code == 403
    assert call("GET", STUDIES, **mine).status_code == 204
    monkeypatch.setattr(clock, "seconds", lambda: now + 12 * 3600 + 1)
    assert call("GET", STUDIES, **mine).status_code == 401


@pytest.mark.parametrize(("body", "status"), [({}, 400), ({"store": 1}, 400), ({"store": f"{STORE}x"}, 404)])
def test_a_store_that_is_none(call: Call, body: dict[str, Any], status: int) -> None:
    assert call("POST", "/_emulator/viewer", body, None).status_code == status


def test_without_the_package_the_answer_says_what_brings_it(call: Call, in_process: InProcess, tmp_path: Path) -> None:
    viewer(in_process.emulator)._files = Files(tmp_path / "nothing")
    answer = call("POST", "/_emulator/viewer", {"store": STORE}, None)
    assert answer.status_code == 400
    assert "python -m scripts view" in answer.json()["error"]["message"]
