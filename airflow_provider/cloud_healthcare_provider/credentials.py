"""Credentials of a Google Cloud connection: by Google's provider where it is installed, else by google-auth alone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import google.auth
from airflow.exceptions import AirflowException, AirflowNotFoundException
from google.auth import credentials, impersonated_credentials
from google.oauth2 import service_account

from cloud_healthcare_provider.airflow_versions import BaseHook
from cloud_healthcare_provider.connecting import Connecting

SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)


class LocalCredentials(credentials.Credentials):
    """A key of an emulator, which asks nobody but the emulator for tokens.

    google-auth's own class for keys asks Google, too, in which regions the account may work.
    """

    def __init__(self, key: Any) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._key = key

    def refresh(self, request: Any) -> None:
        """Get a token from the key's token_uri."""
        self._key.refresh(request)
        self.token, self.expiry = self._key.token, self._key.expiry


def is_loopback(url: str) -> bool:
    """Whether a URL is of this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def find_credentials(connecting: Connecting, *, local: bool) -> Any:
    """The credentials of a connection, impersonating where that is asked.

    With `local`, for an emulator on this machine, only a key whose token_uri is on this machine is taken.

    Raises:
        AirflowException: the connection's key can't be read, or is Google's and the API an emulator.
    """
    try:
        found = _of_google_provider(connecting)
        if found is None:
            found = _impersonating(_of_extra(read_extra(connecting.gcp_conn_id)), connecting.impersonation_chain)
    except (OSError, ValueError) as error:
        raise AirflowException(f"The key of the connection can't be read ({type(error).__name__}).") from None
    return _local(found) if local else found


def read_extra(gcp_conn_id: str) -> Mapping[str, Any]:
    """The extra fields of a connection; none where Airflow has no such connection."""
    try:
        extra: dict[str, Any] = BaseHook.get_connection(gcp_conn_id).extra_dejson
    except AirflowNotFoundException:
        return {}
    prefix = "extra__google_cloud_platform__"
    return {key.removeprefix(prefix): value for key, value in extra.items()}


def _of_google_provider(connecting: Connecting) -> Any:
    """The credentials as Google's provider finds them; None where it is not installed or has no such connection."""
    try:
        from airflow.providers.google.common.hooks.base_google import GoogleBaseHook
    except ImportError:
        return None
    try:
        return GoogleBaseHook(
            connecting.gcp_conn_id, impersonation_chain=connecting.impersonation_chain
        ).get_credentials()
    except AirflowNotFoundException:
        return None


def _of_extra(extra: Mapping[str, Any]) -> Any:
    """The credentials that a connection's extra names, else the environment's. Raises OSError or ValueError."""
    scopes = _words(extra.get("scope")) or SCOPES
    if extra.get("is_anonymous"):
        return credentials.AnonymousCredentials()
    if given := extra.get("keyfile_dict"):
        key = json.loads(given) if isinstance(given, str) else given
        return service_account.Credentials.from_service_account_info(key, scopes=scopes)
    if path := extra.get("key_path"):
        return service_account.Credentials.from_service_account_file(path, scopes=scopes)
    return google.auth.default(scopes=scopes)[0]


def _words(scopes: str | None) -> tuple[str, ...]:
    return tuple(each.strip() for each in scopes.split(",")) if scopes else ()


def _impersonating(source: Any, chain: str | Sequence[str] | None) -> Any:
    """Credentials of the last account of a chain, obtained through those before it."""
    if not chain:
        return source
    *delegates, account = [chain] if isinstance(chain, str) else chain
    return impersonated_credentials.Credentials(source, account, list(SCOPES), delegates=delegates)


def _local(found: Any) -> Any:
    """Credentials for an emulator on this machine. Raises AirflowException for those that Google gives tokens for."""
    if isinstance(found, credentials.AnonymousCredentials):
        return found
    if not is_loopback(str(getattr(found, "_token_uri", ""))):
        raise AirflowException(
            "The API is an emulator, but the connection's credentials are Google's: give it the emulator's key."
        )
    return LocalCredentials(found)
