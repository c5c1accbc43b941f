"""Whose name requests bear: what is Google's never reaches the emulator, nor the other way round."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import google.auth
import google.auth.credentials
import google.oauth2.credentials
import google.oauth2.service_account

from scripts.errors import ApiFailure, CommandError

SCOPES = ["https://www.googleapis.com/auth/cloud-platform"]
ACT_AS = "HEALTHCARE_ACT_AS"
ROOT = Path(__file__).resolve().parent.parent


class EmulatorCredentials(google.auth.credentials.Credentials):
    """The emulator's service-account key, asking nobody but the emulator.

    google-auth's own class for keys also asks iamcredentials.googleapis.com, in the background, in which regions the
    account may work; that would send the emulator's token, and the account's name, off this machine.
    """

    def __init__(self, key: Any) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._key = key

    @property
    def service_account_email(self) -> str:
        """The account's address."""
        return str(self._key.service_account_email)

    def refresh(self, request: Any) -> None:
        """Get a token from the key's token_uri."""
        self._key.refresh(request)
        self.token, self.expiry = self._key.token, self._key.expiry


class ActingCredentials(google.auth.credentials.Credentials):
    """Another account of the emulator's, as which that of its key may act; asks nobody but the emulator, either."""

    def __init__(self, source: EmulatorCredentials, account: str, root: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.source = source
        self._url = f"{root}/v1/projects/-/serviceAccounts/{account}:generateAccessToken"
        self.service_account_email = account

    def refresh(self, request: Any) -> None:
        """Get a token of the account. Raises ApiFailure where it may not be had."""
        if not self.source.valid:
            self.source.refresh(request)
        headers = {"Authorization": f"Bearer {self.source.token}", "Content-Type": "application/json"}
        body = json.dumps({"scope": SCOPES}).encode()
        answer = request(url=self._url, method="POST", headers=headers, body=body)
        found = json.loads(answer.data)
        if answer.status != HTTPStatus.OK:
            raise ApiFailure(answer.status, str(found["error"]["message"]))
        self.token = found["accessToken"]
        self.expiry = datetime.fromisoformat(found["expireTime"]).astimezone(UTC).replace(tzinfo=None)


def find_credentials(environment: Mapping[str, str], *, emulated: bool) -> Any:
    """The credentials for Google Cloud or for the emulator; those of one are never sent to the other.

    Google Cloud: GOOGLE_OAUTH_ACCESS_TOKEN, else `google.auth.default` (GOOGLE_APPLICATION_CREDENTIALS, gcloud).
    HEALTHCARE_ACT_AS names a service account that those of `google.auth.default`, or of the emulator's key, act as.
    The emulator: GOOGLE_OAUTH_ACCESS_TOKEN, else the account of a task of Cloud Run (GCE_METADATA_HOST), else
    GOOGLE_APPLICATION_CREDENTIALS if its token_uri is on this machine, else the key in the emulator's state folder.
    Raises CommandError, and what `google.auth.default` raises.
    """
    token = environment.get("GOOGLE_OAUTH_ACCESS_TOKEN")
    if token:
        return google.oauth2.credentials.Credentials(token)
    key = environment.get("GOOGLE_APPLICATION_CREDENTIALS")
    if not emulated:
        if key and _is_emulator_key(Path(key)):
            raise CommandError(
                "GOOGLE_APPLICATION_CREDENTIALS names the emulator's key, but the stack is on Google Cloud: unset it."
            )
        return _acting(google.auth.default(scopes=SCOPES)[0], environment.get(ACT_AS))
    if "GCE_METADATA_HOST" in environment and not key:
        return _from_metadata(environment["GCE_METADATA_HOST"])
    path = Path(key) if key and _is_emulator_key(Path(key)) else ROOT / ".emulator" / "credentials.json"
    try:
        account = google.oauth2.service_account.Credentials.from_service_account_file(str(path), scopes=SCOPES)
    except (OSError, ValueError):
        raise CommandError(
            f"The emulator's key {path} is not there or not readable:"
            ' run `eval "$(python -m emulator env)"`, with --state if its folder is not the default one.'
        ) from None
    own, target = EmulatorCredentials(account), environment.get(ACT_AS)
    return ActingCredentials(own, target, _root(path)) if target else own


def _root(key: Path) -> str:
    """The root URL of the emulator that wrote a key."""
    return str(json.loads(key.read_text())["token_uri"]).rpartition("/token")[0]


def _acting(source: Any, target: str | None) -> Any:
    """Credentials of the service account `target`, as which those given may act; themselves where none is named."""
    if not target:
        return source
    from google.auth import impersonated_credentials

    return impersonated_credentials.Credentials(source, target, SCOPES)


def _from_metadata(host: str) -> Any:
    """The credentials of the account that a task of Cloud Run runs as on the emulator. Raises CommandError."""
    if not _is_here(f"//{host}"):
        raise CommandError(
            f"GCE_METADATA_HOST is {host}, but the stack is on an emulator, which is on this machine: unset it."
        )
    from google.auth import compute_engine

    return compute_engine.Credentials(scopes=SCOPES)


def _is_emulator_key(path: Path) -> bool:
    """Whether a key file gets its tokens from this machine, as the emulator's does."""
    try:
        return _is_here(json.loads(path.read_text()).get("token_uri", ""))
    except (OSError, ValueError, AttributeError):
        return False


def _is_here(url: str) -> bool:
    """Whether the host of a URL is this machine."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
