"""What `env` prints, and gsutil's configuration."""

import configparser
from dataclasses import replace
from pathlib import Path

from emulator import environment
from emulator.app import SERVICES, Emulator
from emulator.settings import Settings
from emulator.state.folder import BOTO

RUNNING = {
    "url": "http://127.0.0.1:9",
    "host": "127.0.0.1",
    "grpcPort": 8,
    "project": "a-project",
    "tlsUrl": "",
}
OVER_TLS = {**RUNNING, "tlsUrl": "https://127.0.0.1:7", "tlsAuthority": ""}


def test_gcloud_finds_every_api_that_is_emulated(tmp_path: Path) -> None:
    """gcloud topic configurations: a property of SECTION/NAME is the variable CLOUDSDK_SECTION_NAME."""
    emulator = Emulator(Settings(tmp_path / "state"))
    documents = [document for service in SERVICES for document in emulator.documents(service)]
    emulated = {method.service for document in documents for method in document.methods}
    emulator.blobs.close()
    emulator.db.close()
    variables = environment.variables(tmp_path, RUNNING, "owner")
    for name in emulated - {"bigquerystorage"}:  # which is served over gRPC only
        override = variables[f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{name.upper()}"]
        assert override.startswith("http://127.0.0.1:9/")
        assert override.endswith("/")
    assert variables["CLOUDSDK_CORE_PROJECT"] == "a-project"
    assert variables["CLOUDSDK_AUTH_ACCESS_TOKEN_FILE"] == str(tmp_path / "owner-token")


def test_every_variable_that_leads_a_storage_client_names_the_emulator(tmp_path: Path) -> None:
    variables = environment.variables(tmp_path, RUNNING, "owner")
    assert variables["STORAGE_EMULATOR_HOST"] == variables["CLOUD_STORAGE_EMULATOR_ENDPOINT"] == "http://127.0.0.1:9"
    assert variables["GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT"] == "false"


def test_gsutil_is_led_only_to_an_emulator_that_speaks_tls(tmp_path: Path) -> None:
    assert "BOTO_CONFIG" not in environment.variables(tmp_path, RUNNING, "owner")
    variables = environment.variables(tmp_path, {**OVER_TLS, "tlsAuthority": "/ca"}, "owner")
    assert variables["BOTO_CONFIG"] == str(tmp_path / BOTO)
    assert variables["EMULATOR_TLS_URL"] == "https://127.0.0.1:7"
    assert variables["EMULATOR_TLS_CA"] == variables["CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE"] == "/ca"
    given = environment.variables(tmp_path, OVER_TLS, "owner")
    assert "EMULATOR_TLS_CA" not in given, "a certificate that was given is trusted as it was before"


def test_without_tls_it_is_on_loopback_only_unless_told_otherwise(tmp_path: Path) -> None:
    beyond = Settings(tmp_path, host="192.0.2.1", port=1, tls_port=7)
    assert (beyond.base_url, beyond.tls_url) == ("http://127.0.0.1:1", "https://192.0.2.1:7")
    assert replace(beyond, plain_http=True).base_url == "http://192.0.2.1:1"
    assert Settings(tmp_path, host="::1", port=1).base_url == "http://[::1]:1"


def test_gsutils_configuration_names_the_emulator_and_nothing_of_google(tmp_path: Path) -> None:
    parser = configparser.ConfigParser()
    parser.read_string(environment.boto(Settings(tmp_path, project="a-project", port=1, tls_port=7)))
    credentials = dict(parser["Credentials"])
    assert credentials.pop("gs_service_key_file") == str(tmp_path / "credentials.json")
    assert credentials == {
        "gs_host": "127.0.0.1:7",
        "gs_json_host": "127.0.0.1",
        "gs_json_port": "7",
        "gs_pubsub_host": "127.0.0.1",
        "gs_pubsub_port": "7",
    }
    assert parser["OAuth2"]["provider_token_uri"] == "http://127.0.0.1:1/token"
    assert parser["GSUtil"]["default_project_id"] == "a-project"


def test_addresses_of_ipv6(tmp_path: Path) -> None:
    settings = replace(Settings(tmp_path, host="::1"), tls_port=7)
    assert settings.tls_url == "https://[::1]:7"
    assert "gs_json_host = [::1]\n" in environment.boto(settings)
