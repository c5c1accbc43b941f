"""What the bucket keeps from being replaced, and names that are none for a folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from google.cloud import storage
from google.oauth2.credentials import Credentials

from scripts.errors import UsageError
from scripts.loading.sources import clean_prefix
from tests.scripts.conftest import Run, StartLive
from tests.scripts.files import small_film, write_films


def test_an_object_that_may_not_be_replaced_does_not_stop_the_rest(
    run: Run, start_live: StartLive, tmp_path: Path
) -> None:
    live = start_live()
    paths = write_films(tmp_path / "kept", "kept", 3)
    assert run("load", tmp_path / "kept", "--outputs", live.path).code == 0
    credentials = Credentials(token=live.emulator.owner_token)
    client = storage.Client(live.outputs.project, credentials, client_options={"api_endpoint": live.emulator.base_url})
    landing = client.get_bucket(live.outputs.landing_bucket)
    landing.versioning_enabled = False
    landing.retention_period = 1000
    landing.patch()
    client.close()
    paths[1].write_bytes(small_film("kept", 77))
    (tmp_path / "kept" / "more.dcm").write_bytes(small_film("kept", 4))
    for number, (loaded, skipped) in enumerate(((1, 2), (0, 3))):
        ended = run("load", tmp_path / "kept", "--json", "--outputs", live.path)
        assert ended.code == 3, number
        printed = json.loads(ended.out)
        assert (printed["loaded"], printed["skipped"]) == (loaded, skipped)
        (failed,) = printed["failed"]
        assert failed["file"] == "0002.dcm"
        assert "a retention policy keeps from being replaced" in failed["reason"]


@pytest.mark.parametrize(
    "prefix", ["a/../b", "a//b", "./a", ".load", ".load/x", "a*", "b?", "c[1]", "d#1", "..", "e\nf"]
)
def test_a_prefix_that_is_no_folder(prefix: str) -> None:
    with pytest.raises(UsageError, match="use --prefix NAME"):
        clean_prefix(prefix)


@pytest.mark.parametrize(("prefix", "clean"), [("", ""), ("/", ""), ("/a/b/", "a/b"), ("2026 films", "2026 films")])
def test_a_prefix_loses_the_slashes_around_it(prefix: str, clean: str) -> None:
    assert clean_prefix(prefix) == clean


def test_the_top_of_the_bucket(run: Run, start_live: StartLive, tmp_path: Path) -> None:
    live = start_live()
    write_films(tmp_path / "top", "top", 2)
    run("load", "--synthetic", 1, "--outputs", live.path)
    arguments = (tmp_path / "top", "--prefix", "", "--outputs", live.path)
    assert run("load", *arguments, "--import").code == 0
    ended = run("verify", *arguments)
    assert (ended.code, ended.out) == (0, "")
