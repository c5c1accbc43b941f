"""The provider's configuration: the official plugin's keys, and no way beyond this machine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest

from emulator.provider import settings
from emulator.provider.settings import ConfigError
from tests.emulator.provider.engine import Engine, RefusedError

LOCAL = {"storageCustomEndpoint": "http://127.0.0.1:9470/storage/v1/"}


@pytest.mark.parametrize(
    ("config", "path", "reason"),
    [
        ({}, "", "no gcp:*CustomEndpoint is set"),
        (
            {"storageCustomEndpoint": "https://storage.googleapis.com/storage/v1/"},
            "storageCustomEndpoint",
            "talks only to",
        ),
        (
            {"storageCustomEndpoint": "http://127.0.0.1.example.com/storage/v1/"},
            "storageCustomEndpoint",
            "talks only to",
        ),
        ({"storageCustomEndpoint": "http://10.0.0.1:9470/storage/v1/"}, "storageCustomEndpoint", "talks only to"),
        ({"storageCustomEndpoint": "http://[bad/v1/"}, "storageCustomEndpoint", "talks only to"),
        (
            LOCAL | {"composerCustomEndpoint": "https://composer.googleapis.com/v1/"},
            "composerCustomEndpoint",
            "talks only",
        ),
        (
            LOCAL | {"kmsCustomEndpoint": "http://127.0.0.1:9470/v1"},
            "kmsCustomEndpoint",
            "an endpoint ends with a slash",
        ),
        (LOCAL | {"storageCustomEndpiont": "x"}, "storageCustomEndpiont", "no configuration key"),
        (LOCAL | {"accessToken": "a", "credentials": "{}"}, "accessToken", "exclude each other"),
    ],
)
def test_what_is_refused(config: dict[str, Any], path: str, reason: str) -> None:
    problems = settings.check(config)
    assert [problem.path for problem in problems] == [path]
    assert reason in problems[0].reason


@pytest.mark.parametrize("host", ["127.0.0.1:9470", "localhost:9470", "[::1]:9470", "127.8.8.8"])
def test_every_name_of_this_machine_is_taken(host: str) -> None:
    assert settings.check({"storageCustomEndpoint": f"http://{host}/storage/v1/"}) == []


def test_an_endpoint_of_the_environment_is_checked_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_HEALTHCARE_CUSTOM_ENDPOINT", "https://healthcare.googleapis.com/v1/")
    assert [problem.path for problem in settings.check(LOCAL)] == ["healthcareCustomEndpoint"]


def test_configuration_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "of-the-environment")
    monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", "token")
    monkeypatch.setenv("GOOGLE_KMS_CUSTOM_ENDPOINT", "http://127.0.0.1:1/v1/")
    loaded = settings.load({**LOCAL, "defaultLabels": '{"team": "imaging"}', "requestTimeout": "1m30s"})
    assert loaded.project == "of-the-environment"
    assert loaded.access_token == "token"
    assert loaded.endpoint("kms") == "http://127.0.0.1:1/v1/"
    assert loaded.default_labels == {"team": "imaging"}
    assert loaded.timeout == 90
    assert settings.load({**LOCAL, "project": "of-the-stack"}).project == "of-the-stack"
    assert settings.load({**LOCAL, "credentials": "{}"}).access_token == ""
    with pytest.raises(ConfigError, match="gcp:pubsubCustomEndpoint is not set"):
        loaded.endpoint("pubsub")


def test_credentials_may_be_a_file(tmp_path: Path) -> None:
    key = tmp_path / "key.json"
    key.write_text('{"client_email": "a@example.com"}\n')
    assert settings.load({**LOCAL, "credentials": str(key)}).credentials == '{"client_email": "a@example.com"}'
    with pytest.raises(ConfigError, match="gcp:defaultLabels must be a JSON object"):
        settings.load({**LOCAL, "defaultLabels": "[1]"})


def test_the_provider_refuses_before_it_is_configured(make_engine: Callable[..., Engine]) -> None:
    with pytest.raises(RefusedError, match="talks only to the emulator on this machine"):
        make_engine(storageCustomEndpoint="https://storage.googleapis.com/storage/v1/").configure()
    with pytest.raises(grpc.RpcError, match="the gcp provider is not configured yet"):
        make_engine(**LOCAL).check("t", "gcp:pubsub/topic:Topic", {})


def test_an_unserved_type_is_told(make_engine: Callable[..., Engine]) -> None:
    engine = make_engine(**LOCAL).configure()
    with pytest.raises(grpc.RpcError, match="does not have gcp:compute/instance:Instance"):
        engine.check("i", "gcp:compute/instance:Instance", {})


def test_a_missing_project_is_told_before_anything_is_sent(make_engine: Callable[..., Engine]) -> None:
    engine = make_engine(**LOCAL).configure()
    with pytest.raises(RefusedError, match="no project is given; set it, or gcp:project"):
        engine.check("t", "gcp:pubsub/topic:Topic", {"name": "topic"})


def test_missing_credentials_are_told(make_engine: Callable[..., Engine]) -> None:
    engine = make_engine(**LOCAL, pubsubCustomEndpoint="http://127.0.0.1:9/v1/", project="p").configure()
    with pytest.raises(grpc.RpcError, match="no credentials: run `eval"):
        engine.up("t", "gcp:pubsub/topic:Topic", {"name": "topic"})
