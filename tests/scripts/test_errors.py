"""Every error of Google's clients, of HTTP and of the machine is one sentence with what to do."""

from __future__ import annotations

import errno

import google.api_core.exceptions
import google.auth.exceptions
import httplib2
import pytest
import requests
from googleapiclient.errors import HttpError

from infra.outputs import OutputsError
from scripts.errors import ApiFailure, CommandError, ExitCode, Surroundings, UsageError, explain
from tests.scripts.outputs import outputs_for

ON_GOOGLE = Surroundings.of(outputs_for(None), "https://healthcare.googleapis.com", emulated=False)
ON_EMULATOR = Surroundings.of(outputs_for("http://127.0.0.1:9470"), "http://127.0.0.1:9470", emulated=True)
AGENT = "service-123456789012@gcp-sa-healthcare.iam.gserviceaccount.com"


def http_error(status: int, message: str) -> HttpError:
    content = f'{{"error": {{"code": {status}, "message": "{message}"}}}}'.encode()
    response = httplib2.Response({"status": str(status), "content-type": "application/json"})
    return HttpError(response, content, uri="https://healthcare.googleapis.com/v1/x?PatientName=Doe")


@pytest.mark.parametrize(
    "error",
    [
        requests.exceptions.ConnectionError("x"),
        requests.exceptions.ReadTimeout("x"),
        httplib2.ServerNotFoundError("x"),
        google.auth.exceptions.TransportError("x"),
        ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"),
        google.api_core.exceptions.RetryError("x", cause=requests.exceptions.ConnectionError("x")),
    ],
)
def test_unreachable(error: Exception) -> None:
    emulated = explain(error, ON_EMULATOR)
    assert "does not answer at http://127.0.0.1:9470" in str(emulated)
    assert str(emulated).endswith("python -m emulator start")
    assert emulated.exit_code == ExitCode.FAILED
    assert "check the network" in str(explain(error, ON_GOOGLE))


def test_no_credentials() -> None:
    explained = str(explain(google.auth.exceptions.DefaultCredentialsError("long text"), ON_GOOGLE))
    assert explained.startswith("No Google credentials were found")
    assert "gcloud auth application-default login" in explained


def test_a_package_that_is_not_installed() -> None:
    explained = str(explain(ModuleNotFoundError("No module named 'rich'", name="rich")))
    assert explained.startswith("The package of rich is not installed")
    assert "pip install '.[commands]'" in explained


def test_refused_credentials() -> None:
    error = google.auth.exceptions.RefreshError("invalid_grant")
    assert "gcloud auth application-default login" in str(explain(error, ON_GOOGLE))
    assert "python -m emulator env" in str(explain(error, ON_EMULATOR))


def test_agent_without_its_grant_gets_googles_message_and_the_remedy() -> None:
    message = (
        "Healthcare API doesn't have required Cloud Storage permission. See"
        " https://cloud.google.com/healthcare/docs/how-tos/permissions-healthcare-api-gcp-products for more information"
    )
    explained = str(explain(ApiFailure(403, message), ON_GOOGLE))
    assert explained.startswith(message)
    assert "pulumi up" in explained
    assert AGENT in explained
    assert "roles/storage.objectViewer" in explained


@pytest.mark.parametrize(
    ("errors", "said"),
    [
        ([{"reason": "invalidQuery", "location": "query", "message": "No such field"}], "No such field."),
        (
            [{"reason": "invalid", "message": "No such field"}, {"reason": "invalid", "message": "Row 3: bad; value"}],
            "No such field; Row 3: bad; value.",
        ),
    ],
    ids=["the same", "another"],
)
def test_the_errors_of_a_job_are_told_once_each(errors: list[dict[str, str]], said: str) -> None:
    """As google-cloud-bigquery words them for a job that has failed."""
    from google.cloud.bigquery.job.base import _error_result_to_exception

    assert str(explain(_error_result_to_exception(errors[0], errors), ON_GOOGLE)).startswith(said)


@pytest.mark.parametrize(
    ("status", "message", "remedy"),
    [
        (401, "Request had invalid authentication credentials", "GOOGLE_OAUTH_ACCESS_TOKEN"),
        (
            403,
            "Permission 'x' denied on resource 'y' (or it may not exist)",
            "Is some-project the project you mean? `python -m scripts preflight` shows",
        ),
        (403, "Cloud Healthcare API has not been used in project 1 before or it is disabled", "enables the APIs"),
        (404, "Dataset not found", "if stack dev was changed, emptied or destroyed, run `pulumi up --refresh`"),
        (429, "Quota exceeded", "Wait a minute"),
        (503, "The service is unavailable", "Run the same command again"),
    ],
)
def test_refusals_end_with_what_to_do(status: int, message: str, remedy: str) -> None:
    for error in (http_error(status, message), ApiFailure(status, message)):
        explained = str(explain(error, ON_GOOGLE))
        assert explained.startswith(f"{message}. ")
        assert remedy in explained
        assert "Doe" not in explained


def test_storage_errors_lose_the_request_in_front() -> None:
    url = "https://storage.googleapis.com/storage/v1/b/x?projection=noAcl"
    error = google.api_core.exceptions.NotFound(f"GET {url}: The specified bucket does not exist.")
    assert str(explain(error, ON_GOOGLE)).startswith("The specified bucket does not exist. Check the name")


def test_not_emulated_is_said_in_the_services_own_words() -> None:
    explained = explain(ApiFailure(501, "healthcare.x.y is not emulated"), ON_EMULATOR)
    assert str(explained) == "healthcare.x.y is not emulated."


def test_full_disk() -> None:
    error = OSError(errno.ENOSPC, "No space left on device", "/data/films/a.dcm")
    assert str(explain(error)) == "The disk is full (a.dcm): make room and run the same command again."


def test_outputs_that_do_not_fit() -> None:
    assert str(explain(OutputsError("They lack a field."))) == "They lack a field."


def test_sentences_and_exit_codes_of_commands_are_kept() -> None:
    assert explain(UsageError("Wrong.")).exit_code == ExitCode.WRONG_USE
    assert explain(CommandError("Partly.", ExitCode.PARTLY_DONE)).exit_code == ExitCode.PARTLY_DONE


def test_the_unforeseen_is_named_without_its_text() -> None:
    def broken() -> None:
        raise KeyError("Doe^Jane")

    with pytest.raises(KeyError) as caught:
        broken()
    explained = str(explain(caught.value))
    assert "KeyError at test_errors.py:" in explained
    assert "Doe" not in explained
