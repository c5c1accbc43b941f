"""The provider's configuration: the official plugin's own keys and variables, and the refusal of all but loopback."""

from __future__ import annotations

import ipaddress
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from emulator.provider.schema import Problem, config_keys

# Services and the variable that gives an endpoint when the configuration does not (the official plugin's names).
ENDPOINTS: Final[Mapping[str, str]] = {
    "storage": "GOOGLE_STORAGE_CUSTOM_ENDPOINT",
    "healthcare": "GOOGLE_HEALTHCARE_CUSTOM_ENDPOINT",
    "pubsub": "GOOGLE_PUBSUB_CUSTOM_ENDPOINT",
    "bigQuery": "GOOGLE_BIG_QUERY_CUSTOM_ENDPOINT",
    "resourceManager": "GOOGLE_RESOURCE_MANAGER_CUSTOM_ENDPOINT",
    "cloudBilling": "GOOGLE_CLOUD_BILLING_CUSTOM_ENDPOINT",
    "serviceUsage": "GOOGLE_SERVICE_USAGE_CUSTOM_ENDPOINT",
    "iamBeta": "GOOGLE_IAM_BETA_CUSTOM_ENDPOINT",
    "iam2": "GOOGLE_IAM2_CUSTOM_ENDPOINT",
    "secretManager": "GOOGLE_SECRET_MANAGER_CUSTOM_ENDPOINT",
    "tags": "GOOGLE_TAGS_CUSTOM_ENDPOINT",
    "kms": "GOOGLE_KMS_CUSTOM_ENDPOINT",
    "logging": "GOOGLE_LOGGING_CUSTOM_ENDPOINT",
    "monitoring": "GOOGLE_MONITORING_CUSTOM_ENDPOINT",
    "cloudScheduler": "GOOGLE_CLOUD_SCHEDULER_CUSTOM_ENDPOINT",
    "cloudRunV2": "GOOGLE_CLOUD_RUN_V2_CUSTOM_ENDPOINT",
    "composer": "GOOGLE_COMPOSER_CUSTOM_ENDPOINT",
    "compute": "GOOGLE_COMPUTE_CUSTOM_ENDPOINT",
}
ATTRIBUTION: Final = "goog-pulumi-provisioned"
TERRAFORM_ATTRIBUTION: Final = "goog-terraform-provisioned"
_PROJECT = ("GOOGLE_PROJECT", "GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT")
_REGION = ("GOOGLE_REGION", "GCLOUD_REGION", "CLOUDSDK_COMPUTE_REGION")
_ZONE = ("GOOGLE_ZONE", "GCLOUD_ZONE", "CLOUDSDK_COMPUTE_ZONE")
_CREDENTIALS = (
    "GOOGLE_CREDENTIALS",
    "GOOGLE_CLOUD_KEYFILE_JSON",
    "GCLOUD_KEYFILE_JSON",
    "GOOGLE_APPLICATION_CREDENTIALS",
)
ONLY_LOOPBACK: Final = (
    "the stand-in gcp plugin talks only to the emulator on this machine; give a loopback address such as "
    "http://127.0.0.1:9470/, or, to reach Google Cloud, use the official plugin (`pulumi plugin install resource gcp`)"
)


class ConfigError(Exception):
    """A configuration that the provider can't work with, as one sentence."""


@dataclass(frozen=True)
class Settings:
    """What the provider was configured with. Endpoints are base URLs by service, each ending with a slash."""

    project: str = ""
    region: str = ""
    zone: str = ""
    endpoints: Mapping[str, str] = field(default_factory=dict)
    access_token: str = ""
    credentials: str = ""
    default_labels: Mapping[str, str] = field(default_factory=dict)
    attribution: str = ATTRIBUTION
    """The label that the provider puts on what it makes; "" for none."""
    billing_project: str = ""
    timeout: float = 120.0

    def endpoint(self, service: str) -> str:
        """The base URL of a service. ConfigError when none is configured."""
        found = self.endpoints.get(service)
        if found is None:
            message = f"gcp:{service}CustomEndpoint is not set in the stack's configuration; {ONLY_LOOPBACK}"
            raise ConfigError(message)
        return found


def is_loopback(url: str) -> bool:
    """Whether a URL's host is this machine: localhost or an address of the loopback network."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check(config: Mapping[str, Any]) -> list[Problem]:
    """Everything wrong with a provider configuration: unknown keys, and endpoints that are malformed or not local."""
    problems = [
        Problem(name, f"the gcp provider has no configuration key gcp:{name}")
        for name in config
        if name not in config_keys() and name not in ("version", "pluginDownloadURL")
    ]
    endpoints = {f"{service}CustomEndpoint": os.environ.get(variable) for service, variable in ENDPOINTS.items()}
    endpoints |= {name: value for name, value in config.items() if name.endswith("CustomEndpoint")}
    for name, url in endpoints.items():
        if isinstance(url, str):
            if not is_loopback(url):
                problems.append(Problem(name, f"gcp:{name} is {url}, but {ONLY_LOOPBACK}"))
            elif not re.fullmatch(r"https?://.*[^/]+/", url):
                problems.append(Problem(name, f"gcp:{name} is {url}, but an endpoint ends with a slash"))
    if not any(isinstance(url, str) for url in endpoints.values()):
        problems.append(Problem("", f"no gcp:*CustomEndpoint is set in the stack's configuration; {ONLY_LOOPBACK}"))
    if config.get("accessToken") and config.get("credentials"):
        problems.append(
            Problem("accessToken", "gcp:accessToken and gcp:credentials exclude each other; set one of them")
        )
    return problems


def load(config: Mapping[str, Any], attribution: str = ATTRIBUTION) -> Settings:
    """Settings from the configuration, which wins, and the environment. ConfigError for a value that can't be read.

    `attribution` is the label of who makes things, where the configuration does not switch it off.
    """

    def text(key: str, *variables: str) -> str:
        value = config.get(key)
        return value if isinstance(value, str) and value else next(filter(None, map(os.environ.get, variables)), "")

    endpoints = {service: text(f"{service}CustomEndpoint", variable) for service, variable in ENDPOINTS.items()}
    credentials = text("credentials", *_CREDENTIALS) if "accessToken" not in config else ""
    token = text("accessToken", "GOOGLE_OAUTH_ACCESS_TOKEN") if "credentials" not in config else ""
    return Settings(
        project=text("project", *_PROJECT),
        region=text("region", *_REGION),
        zone=text("zone", *_ZONE),
        endpoints={service: url for service, url in endpoints.items() if url},
        access_token=_contents(token),
        credentials=_contents(credentials),
        default_labels=_object(config, "defaultLabels"),
        attribution="" if str(config.get("addPulumiAttributionLabel", "true")).lower() == "false" else attribution,
        billing_project=_billing(config),
        timeout=_seconds(config.get("requestTimeout")),
    )


def _billing(config: Mapping[str, Any]) -> str:
    override = str(config.get("userProjectOverride") or os.environ.get("USER_PROJECT_OVERRIDE", "")).lower()
    if override not in ("true", "1"):
        return ""
    return str(config.get("billingProject") or os.environ.get("GOOGLE_BILLING_PROJECT", ""))


def _contents(value: str) -> str:
    """The value, or what is in the file that it names (the official plugin takes both)."""
    if not value or value.lstrip().startswith("{"):
        return value
    path = Path(value).expanduser()
    try:
        return path.read_text().strip() if path.is_file() else value
    except OSError as error:
        message = f"the credentials file {path} can't be read: {error.strerror}"
        raise ConfigError(message) from error


def _object(config: Mapping[str, Any], key: str) -> Mapping[str, str]:
    """A configuration value that is an object, which the engine hands over as a JSON text."""
    value = config.get(key) or {}
    try:
        loaded = json.loads(value) if isinstance(value, str) else value
    except ValueError as error:
        message = f"gcp:{key} must be a JSON object"
        raise ConfigError(message) from error
    if not isinstance(loaded, Mapping):
        message = f"gcp:{key} must be a JSON object"
        raise ConfigError(message)
    return {str(name): str(item) for name, item in loaded.items()}


def _seconds(value: Any) -> float:
    """A Go duration such as `120s` or `2m` in seconds; 120 when absent."""
    units = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
    total = sum(
        float(number) * units[unit] for number, unit in re.findall(r"(\d+(?:\.\d+)?)(ms|s|m|h)", str(value or ""))
    )
    return total or 120.0
