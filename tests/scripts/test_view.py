"""`view`: the link to the viewer on the emulator, the way to Google Cloud, and the package behind it."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import tarfile
from pathlib import Path

import pytest

from scripts import viewer
from scripts.errors import CommandError
from tests.scripts.conftest import Live, Run
from tests.scripts.fake_google import FakeGoogle
from tests.scripts.outputs import STORE, outputs_for

ENDPOINT = "/_emulator/viewer"
NPM = """#!/bin/sh
[ "$1" = pack ] && [ "$3" = --pack-destination ] || exit 9
{action}
"""


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package has been fetched."""
    monkeypatch.setattr(viewer, "is_there", lambda: True)


@pytest.mark.usefixtures("there")
def test_the_link_is_printed_and_opened(
    run: Run, google: FakeGoogle, outputs_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    def open_browser(link: str) -> bool:
        opened.append(link)
        return True

    monkeypatch.setattr("webbrowser.open", open_browser)
    google.answers("POST", ENDPOINT, {"path": f"{ENDPOINT}?code=once"})
    google.answers("GET", f"/v1/{STORE}/dicomWeb/studies", [{"0020000D": {"vr": "UI", "Value": ["1.2.3"]}}])
    done = run("view", "1.2.3", "--open", "--outputs", outputs_file)
    assert done.code == 0
    assert done.out == f"{google.root}{ENDPOINT}?code=once\n"
    assert "works once" in done.err
    assert "--end" in done.err
    assert opened == [done.out.strip()]
    assert google.calls[-1].json() == {"store": STORE, "study": "1.2.3"}


@pytest.mark.usefixtures("there")
def test_a_study_that_is_not_there_has_no_link(run: Run, live: Live) -> None:
    done = run("view", "1.2.3.404", "--outputs", live.path)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("error: The store holds no study 1.2.3.404; `python -m scripts search studies`")


@pytest.mark.usefixtures("there")
def test_sessions_end_on_request(run: Run, google: FakeGoogle, outputs_file: Path) -> None:
    google.answers("DELETE", ENDPOINT, {"ended": 2})
    done = run("view", "--end", "--outputs", outputs_file)
    assert (done.code, done.out) == (0, "")
    assert "2" in done.err


@pytest.mark.usefixtures("there")
def test_the_emulator_checks_who_asks(run: Run, live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", "nobody's")
    done = run("view", "--outputs", live.path)
    assert done.code == 1
    assert "Traceback" not in done.err
    assert "python -m emulator env" in done.err


def test_a_study_that_is_none_is_wrong_use(run: Run, outputs_file: Path) -> None:
    assert run("view", "not-a-uid", "--outputs", outputs_file).code == 2


def test_on_google_cloud_it_says_how(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "outputs.json"
    path.write_text(outputs_for(None).to_json())
    done = run("view", "--outputs", path)
    assert done.code == 0, done.err
    config = json.loads(done.out.removeprefix("window.config = ").partition(";\n")[0])
    source = config["dataSources"][0]["configuration"]
    assert source["qidoRoot"] == source["wadoRoot"] == f"https://healthcare.googleapis.com/v1/{STORE}/dicomWeb"
    assert config["oidc"][0]["authority"] == "https://accounts.google.com"
    assert "OAuth client" in done.err
    assert "roles/healthcare.dicomViewer" in done.err


def archive(folder: Path) -> Path:
    """An archive such as npm packs, with files that are not wanted."""
    path = folder / "made.tgz"
    with tarfile.open(path, "w:gz") as tar:
        for name in ("dist/index.html", "dist/assets/a.png", "dist/app.js.map", "dist/ort/big.wasm", "package.json"):
            member = tarfile.TarInfo(f"package/{name}")
            member.size = 2
            tar.addfile(member, io.BytesIO(b"ok"))
    return path


def npm(folder: Path, action: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put an npm on PATH that does that."""
    folder.mkdir(exist_ok=True)
    program = folder / "npm"
    program.write_text(NPM.format(action=action))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_the_package_is_checked_and_unpacked_without_what_no_page_asks_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = archive(tmp_path)
    npm(tmp_path / "bin", f'cp {made} "$4/ohif.tgz"', monkeypatch)
    digest = base64.b64encode(hashlib.sha512(made.read_bytes()).digest()).decode()
    monkeypatch.setattr(viewer, "INTEGRITY", f"sha512-{digest}")
    folder = tmp_path / "tools" / "ohif"
    viewer.fetch(folder)
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert found == {"index.html", "assets/a.png"}
    assert [path.name for path in folder.parent.iterdir()] == ["ohif"]


def test_an_archive_that_is_not_the_published_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    npm(tmp_path / "bin", f'cp {archive(tmp_path)} "$4/ohif.tgz"', monkeypatch)
    with pytest.raises(CommandError, match="not what was published"):
        viewer.fetch(tmp_path / "tools" / "ohif")
    assert list((tmp_path / "tools").iterdir()) == []


def test_npm_that_fails_or_is_missing_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    npm(tmp_path / "bin", "echo 'npm error network unreachable' >&2; exit 1", monkeypatch)
    with pytest.raises(CommandError, match="npm error network unreachable"):
        viewer.fetch(tmp_path / "tools" / "ohif")
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    with pytest.raises(CommandError, match="npm is not installed"):
        viewer.fetch(tmp_path / "tools" / "ohif")


@pytest.mark.usefixtures("there")
def test_the_answer_of_something_else_is_no_traceback(run: Run, google: FakeGoogle, outputs_file: Path) -> None:
    google.answers("POST", ENDPOINT, b"<html>", status=404, content_type="text/html")
    done = run("view", "--outputs", outputs_file)
    assert done.code == 1
    assert done.err.startswith("error: ")
