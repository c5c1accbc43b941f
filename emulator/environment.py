"""What points Google's clients at a running emulator: variables of the shell, and gsutil's configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from emulator import clients
from emulator.settings import Settings
from emulator.state.folder import BOTO, TLS_AUTHORITY

# gcloud's name of each API that is emulated, and the path that its client has before those of the API's methods.
# (gcloud topic configurations: api_endpoint_overrides)
GCLOUD_APIS = {
    "bigquery": "",  # bq adds the rest, as newer ones of gcloud do for each API
    "cloudbilling": "",
    "cloudidentity": "",
    "cloudkms": "",
    "cloudresourcemanager": "",
    "cloudscheduler": "",
    "composer": "",
    "compute": "compute/v1/",
    "healthcare": "",
    "iam": "",
    "iamcredentials": "",
    "logging": "",
    "monitoring": "",
    "pubsub": "",
    "run": "",
    "secretmanager": "",
    "serviceusage": "",
    "storage": "storage/v1/",
    "sts": "",
}


def variables(state: Path, running: dict[str, Any], owner_token: str) -> dict[str, str]:
    """Name and value of each variable, for the emulator that runs on `state`."""
    url = running["url"]
    return {
        **clients.variables(url, f"{running['host']}:{running['grpcPort']}", running["project"]),
        "GOOGLE_APPLICATION_CREDENTIALS": str(state / "credentials.json"),
        "GOOGLE_OAUTH_ACCESS_TOKEN": owner_token,
        **gcloud(state, url, running["project"]),
        "PULUMI_GCP_SKIP_REGION_VALIDATION": "true",
        **(over_tls(state, running["tlsUrl"], running["tlsAuthority"]) if running["tlsUrl"] else {}),
    }


def gcloud(state: Path, url: str, project: str) -> dict[str, str]:
    """The properties of gcloud: its project, the owner's token, no requests of its own, and where each API is."""
    return {
        "CLOUDSDK_CORE_PROJECT": project,
        "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE": str(state / "owner-token"),
        "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "true",
        "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "true",
        **{f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{api.upper()}": f"{url}/{path}" for api, path in GCLOUD_APIS.items()},
    }


def over_tls(state: Path, url: str, authority: str) -> dict[str, str]:
    """Where TLS is served: the file of the authority to trust ("" for a certificate that was given), and gsutil's.

    The gsutil that comes with gcloud would take gcloud's credentials and authorities, whatever its own file says.
    """
    trusted = {"EMULATOR_TLS_CA": authority, "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE": authority}
    return {
        "EMULATOR_TLS_URL": url,
        **(trusted if authority else {}),
        "BOTO_CONFIG": str(state / BOTO),
        "CLOUDSDK_CORE_PASS_CREDENTIALS_TO_GSUTIL": "false",
    }


def boto(settings: Settings) -> str:
    """The configuration file of gsutil: what `gsutil config` writes, with the emulator's places.

    gs_host has the port in it, because `signurl` writes it into what it signs. What the emulator does not do answers
    501, which gsutil by itself would try for ten minutes.
    """
    place = settings.tls_url.partition("://")[2]
    host, _, port = place.rpartition(":")
    trusts = "" if settings.tls_certificate else f"ca_certificates_file = {settings.state / TLS_AUTHORITY}\n"
    return f"""\
# Written at every start of the emulator.
[Credentials]
gs_service_key_file = {settings.state / "credentials.json"}
gs_host = {place}
gs_json_host = {host}
gs_json_port = {port}
gs_pubsub_host = {host}
gs_pubsub_port = {port}

[Boto]
{trusts}num_retries = 3

[GSUtil]
default_project_id = {settings.project}
software_update_check_period = 0

[OAuth2]
provider_token_uri = {settings.base_url}/token
"""
