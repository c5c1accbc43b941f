"""Requests to the Cloud Healthcare API."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from functools import cached_property
from http import HTTPStatus
from typing import Any

from airflow.exceptions import AirflowException
from google.auth.transport.requests import AuthorizedSession, Request
from requests import Session
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from cloud_healthcare_provider.airflow_versions import BaseHook
from cloud_healthcare_provider.connecting import DEFAULT_CONNECTION, Connecting
from cloud_healthcare_provider.credentials import find_credentials, is_loopback, read_extra
from cloud_healthcare_provider.operation import Operation
from cloud_healthcare_provider.stores import metrics_method

Json = dict[str, Any]

ENDPOINT = "https://healthcare.googleapis.com"
TIMEOUT_SECONDS = 120
_BUSY = (429, 502, 503, 504)
_RETRIES = 5


class HealthcareError(AirflowException):
    """A refusal of the API: `status` is HTTP's, the text Google's own."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class HealthcareHook(BaseHook):
    """Requests to the Cloud Healthcare API with a Google Cloud connection of Airflow; one hook for one thread."""

    conn_name_attr = "gcp_conn_id"
    default_conn_name = DEFAULT_CONNECTION
    conn_type = "google_cloud_platform"
    hook_name = "Google Cloud Healthcare"

    def __init__(self, connecting: Connecting | None = None) -> None:
        super().__init__()
        self.connecting = connecting or Connecting()

    @cached_property
    def endpoint(self) -> str:
        """The API's root URL without a slash at its end. Raises AirflowException for plain HTTP to another machine."""
        given = self.connecting.api_endpoint or str(read_extra(self.connecting.gcp_conn_id).get("api_endpoint", ""))
        found = given or os.environ.get("HEALTHCARE_EMULATOR_HOST") or ENDPOINT
        url = (found if "://" in found else f"http://{found}").rstrip("/")
        if url.startswith("http://") and not is_loopback(url):
            raise AirflowException(f"api_endpoint {url} is not of this machine: only https:// may lead elsewhere.")
        return url

    def get_conn(self) -> AuthorizedSession:
        """The HTTP session, which signs in by itself and repeats reads that met a busy service."""
        return self._session

    @cached_property
    def _session(self) -> AuthorizedSession:
        local = is_loopback(self.endpoint)
        credentials = find_credentials(self.connecting, local=local)
        session = AuthorizedSession(credentials, auth_request=Request(_prepared(Session(), local=local)))
        _prepared(session, local=local)
        return session

    def start(self, resource: str, verb: str, body: Json) -> str:
        """Start an operation on a dataset or store, as `start(store, "import", {...})`; gives its name.

        Raises HealthcareError.
        """
        return str(self._call("POST", f"{resource}:{verb}", body)["name"])

    def get(self, name: str) -> Json:
        """A dataset, store or other resource by its full name. Raises HealthcareError."""
        return self._call("GET", name)

    def exists(self, name: str) -> bool:
        """Whether there is a resource of that name. Raises HealthcareError where that can't be told."""
        try:
            self.get(name)
        except HealthcareError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return False
            raise
        return True

    def metrics(self, store: str) -> dict[str, int]:
        """The numbers that the API has of a store.

        Of a DICOM store studyCount, seriesCount, instanceCount and sizes in bytes; of a FHIR store the resources by
        their type, of an HL7v2 store the messages by theirs. Raises HealthcareError.
        """
        answer = self._call("GET", f"{store}:{metrics_method(store)}")
        if "metrics" in answer:
            return {_type(each): int(each.get("count", 0)) for each in answer["metrics"]}
        return {key: int(value) for key, value in answer.items() if key not in ("name", "metrics")}

    def operation(self, name: str) -> Operation:
        """An operation as it stands now. Raises HealthcareError."""
        return Operation.from_json(self.get(name))

    def cancel(self, name: str) -> None:
        """Cancel an operation; what it has done stays, and one that has ended is left as it is."""
        try:
            self._call("POST", f"{name}:cancel", {})
        except HealthcareError as error:
            self.log.warning("Operation %s could not be cancelled: %s", name, error)

    def wait(self, name: str, poll_seconds: float) -> Operation:
        """The operation when it has ended; looks every `poll_seconds`. Raises HealthcareError."""
        while not (operation := self.operation(name)).done:
            self.log.info("Operation %s: %d done, %d failed", name, operation.success, operation.failure)
            time.sleep(poll_seconds)
        return operation

    def _call(self, method: str, path: str, body: Json | None = None) -> Json:
        url = f"{self.endpoint}/{self.connecting.api_version}/{path}"
        answer = self._session.request(method, url, json=body, timeout=TIMEOUT_SECONDS)
        if answer.status_code >= HTTPStatus.BAD_REQUEST:
            raise HealthcareError(answer.status_code, _message(answer))
        found: Json = answer.json() if answer.content else {}
        return found


def _prepared(session: Session, *, local: bool) -> Session:
    """A session that repeats reads, and passes proxies by on the way to this machine."""
    retry = Retry(_RETRIES, backoff_factor=0.5, status_forcelist=_BUSY, allowed_methods=["GET"], raise_on_status=False)
    session.trust_env = not local
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(max_retries=retry))
    return session


def _message(answer: Any) -> str:
    """Google's own words in a refusal, with the HTTP status."""
    try:
        said = answer.json()["error"]["message"]
    except (ValueError, KeyError, TypeError):
        said = "the API gave no reason"
    return f"HTTP {answer.status_code}: {said}"


def _type(metric: Mapping[str, Any]) -> str:
    """What a number of a FHIR or HL7v2 store counts."""
    return str(metric.get("resourceType") or metric.get("messageType") or "")
