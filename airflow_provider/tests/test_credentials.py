"""Whose name requests bear, and where they go."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from airflow.exceptions import AirflowException
from google.auth import impersonated_credentials
from google.auth.credentials import AnonymousCredentials

from cloud_healthcare_provider.connecting import Connecting
from cloud_healthcare_provider.credentials import LocalCredentials, find_credentials
from cloud_healthcare_provider.hook import ENDPOINT, HealthcareHook


@pytest.fixture
def connection(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets the extra of a connection `clinic`."""

    def connect(**extra: Any) -> Connecting:
        given = json.dumps({"conn_type": "google_cloud_platform", "extra": extra})
        monkeypatch.setenv("AIRFLOW_CONN_CLINIC", given)
        return Connecting("clinic")

    return connect


def key() -> str:
    return os.environ["GOOGLE_APPLICATION_CREDENTIALS"]


def googles_key(folder: Path) -> str:
    """A key as Google writes it, made of the emulator's."""
    changed = {**json.loads(Path(key()).read_text()), "token_uri": "https://oauth2.googleapis.com/token"}
    path = folder / "key.json"
    path.write_text(json.dumps(changed))
    return str(path)


def test_a_connection_may_hold_a_key_or_name_its_file(connection: Any) -> None:
    held = connection(keyfile_dict=Path(key()).read_text())
    assert isinstance(find_credentials(held, local=True), LocalCredentials)
    assert isinstance(find_credentials(connection(key_path=key()), local=True), LocalCredentials)
    assert isinstance(find_credentials(connection(is_anonymous=True), local=True), AnonymousCredentials)


def test_a_key_that_cannot_be_read_is_named_by_no_word_of_it(connection: Any) -> None:
    with pytest.raises(AirflowException, match="can't be read") as refusal:
        find_credentials(connection(keyfile_dict='{"private_key": "hidden"}'), local=False)
    assert "hidden" not in str(refusal.value)


def test_googles_credentials_never_go_to_an_emulator(connection: Any, tmp_path: Path) -> None:
    with pytest.raises(AirflowException, match="emulator's key"):
        find_credentials(connection(key_path=googles_key(tmp_path)), local=True)


def test_googles_provider_is_asked_where_it_is_installed(connection: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    base_google = pytest.importorskip("airflow.providers.google.common.hooks.base_google")
    asked = []

    def get_credentials(hook: Any) -> AnonymousCredentials:
        asked.append((hook.gcp_conn_id, hook.impersonation_chain))
        return AnonymousCredentials()

    monkeypatch.setattr(base_google.GoogleBaseHook, "get_credentials", get_credentials)
    chained = Connecting(connection(key_path=key()).gcp_conn_id, ("first@p.iam", "last@p.iam"))
    assert isinstance(find_credentials(chained, local=False), AnonymousCredentials)
    assert asked == [("clinic", ("first@p.iam", "last@p.iam"))]


def test_a_chain_impersonates_its_last_account(connection: Any, tmp_path: Path) -> None:
    connecting = connection(key_path=googles_key(tmp_path))
    chained = Connecting(connecting.gcp_conn_id, ("first@p.iam", "last@p.iam"))
    found = find_credentials(chained, local=False)
    assert isinstance(found, impersonated_credentials.Credentials)
    assert found.service_account_email == "last@p.iam"


@pytest.mark.parametrize(
    ("argument", "extra", "variable", "expected"),
    [
        ("", "", "", ENDPOINT),
        ("", "", "127.0.0.1:9470", "http://127.0.0.1:9470"),
        ("", "http://localhost:1/", "127.0.0.1:9470", "http://localhost:1"),
        ("https://regional.example", "http://localhost:1", "127.0.0.1:9470", "https://regional.example"),
    ],
)
def test_the_argument_goes_before_the_connection_and_that_before_the_environment(
    argument: str, extra: str, variable: str, expected: str, connection: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection(api_endpoint=extra)
    monkeypatch.setenv("HEALTHCARE_EMULATOR_HOST", variable)
    assert HealthcareHook(Connecting("clinic", api_endpoint=argument)).endpoint == expected


def test_a_token_never_goes_to_another_machine_unencrypted() -> None:
    with pytest.raises(AirflowException, match="only https"):
        _ = HealthcareHook(Connecting(api_endpoint="http://198.51.100.1")).endpoint
