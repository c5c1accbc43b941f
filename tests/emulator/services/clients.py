"""Google's discovery client as somebody else than the owner, and what an answer other than 2xx says."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests
from google.auth.transport.requests import Request
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

from tests.support.emulator import RunningEmulator


@contextmanager
def client_as(emulator: RunningEmulator, token: str, service: str, version: str) -> Iterator[Any]:
    """A client of google-api-python-client that sends `token`."""
    options = {"api_endpoint": emulator.base_url}
    credentials = Credentials(token=token)
    client = build(service, version, credentials=credentials, client_options=options, static_discovery=True)
    yield client
    client.close()


def refused(call: Any) -> tuple[int, str]:
    """Execute a call that must fail; its HTTP status and message."""
    with pytest.raises(HttpError) as caught:
        call.execute()
    return caught.value.status_code, str(caught.value.reason)


def token_of(credentials: Any) -> str:
    """The access token that credentials of Google's auth library get."""
    with requests.Session() as session:
        credentials.refresh(Request(session))
    return str(credentials.token)
