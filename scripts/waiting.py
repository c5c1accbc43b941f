"""Waiting for a long-running operation: progress from its counters, Ctrl-C, failures by name, the exit code."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from scripts.agents import places
from scripts.connection import Connection
from scripts.console import count, interactive, progress, remark
from scripts.errors import ApiFailure, CommandError, ExitCode, api_failure, explain, one_line

_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 5.0
_LOG_TRIES = 6
_LOG_PAUSE_SECONDS = 2.0
_SHOWN_FAILURES = 20
_PAGE = 100

CANCELLED = 1
_INVALID_ARGUMENT = 3
DICOM_STORE = "healthcare_dicom_store"
"""What Cloud Logging calls a DICOM store."""
# google.rpc.Code to HTTP, as google/rpc/code.proto maps them.
_HTTP_OF_RPC = {1: 499, 3: 400, 4: 504, 5: 404, 6: 409, 7: 403, 8: 429, 9: 400, 10: 409, 12: 501, 14: 503, 16: 401}


@dataclass(frozen=True)
class OperationState:
    """An operation as it stands: `success`, `failure` and `pending` count files or instances."""

    name: str
    method: str = ""
    done: bool = False
    success: int = 0
    failure: int = 0
    pending: int = 0
    error_code: int = 0
    error_message: str = ""
    created: str = ""
    ended: str = ""
    logs_url: str = ""
    cancel_requested: bool = False
    uris: tuple[str, ...] = ()
    """The objects that it has written, where its response names them."""

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> OperationState:
        """Read a google.longrunning.Operation with the metadata of Cloud Healthcare; absent counters are 0."""
        metadata = body.get("metadata", {})
        counter = metadata.get("counter", {})
        error = body.get("error", {})
        return cls(
            name=body["name"],
            method=metadata.get("apiMethodName", "").rsplit(".", 1)[-1],
            done=bool(body.get("done")),
            success=int(counter.get("success", 0)),
            failure=int(counter.get("failure", 0)),
            pending=int(counter.get("pending", 0)),
            error_code=int(error.get("code", 0)),
            error_message=str(error.get("message", "")),
            created=metadata.get("createTime", ""),
            ended=metadata.get("endTime", ""),
            logs_url=metadata.get("logsUrl", ""),
            cancel_requested=bool(metadata.get("cancelRequested")),
            uris=tuple(body.get("response", {}).get("gcsUris", ())),
        )

    @property
    def operation_id(self) -> str:
        """The last part of the name, which the commands take."""
        return self.name.rsplit("/", 1)[-1]

    @property
    def is_partly_done(self) -> bool:
        """Whether its error says no more than its counters: an import of FHIR resources of which some failed."""
        return self.error_code == _INVALID_ARGUMENT and self.failure > 0

    @property
    def state(self) -> str:
        """One word for tables."""
        if not self.done:
            return "cancelling" if self.cancel_requested else "running"
        if self.error_code == CANCELLED:
            return "cancelled"
        return "failed" if self.error_code and not self.is_partly_done else "done"

    def to_json(self) -> dict[str, Any]:
        """The state as the commands print it with --json."""
        shown: dict[str, Any] = {
            "name": self.name,
            "method": self.method,
            "state": self.state,
            "success": self.success,
            "failure": self.failure,
            "pending": self.pending,
            "created": self.created,
            "ended": self.ended,
        }
        if self.error_code:
            shown["error"] = {"code": self.error_code, "message": self.error_message}
        return shown


@dataclass(frozen=True)
class FailedFile:
    """One file that an import or export could not take, and Google's reason."""

    source: str
    reason: str


def start(target: Connection, request: Any, title: str) -> str:
    """Send a request that starts an operation; gives its name. Ctrl-C meanwhile is a CommandError: it may run."""
    target.reached = places(request.body or "")
    try:
        return str(target.execute(request)["name"])
    except KeyboardInterrupt:
        raise CommandError(
            f"{title} was stopped as it began: `python -m scripts operations list --running` shows whether it runs.",
            ExitCode.PARTLY_DONE,
        ) from None


def get_state(target: Connection, name: str) -> OperationState:
    """The operation `name` (a full resource name) as it stands now."""
    return OperationState.from_json(target.execute(target.healthcare.operations().get(name=name)))


def all_states(target: Connection) -> list[OperationState]:
    """All operations of the stack's dataset that Google still knows."""
    methods, name = target.healthcare.operations(), target.outputs.dataset_name
    return [OperationState.from_json(body) for body in target.listed(methods, "operations", name=name, pageSize=_PAGE)]


def wait_for(target: Connection, name: str, title: str) -> OperationState:
    """Wait until the operation `name` has ended, showing progress under `title`.

    Ctrl-C asks whether to cancel the operation, to leave it running or to go on waiting; where nobody can be asked
    it is left running. Raises CommandError when it is left running.
    """
    while True:
        try:
            return _poll(target, name, title)
        except KeyboardInterrupt:
            _interrupted(target, name, title)


def _poll(target: Connection, name: str, title: str) -> OperationState:
    pause = _FIRST_PAUSE_SECONDS
    with progress(title) as bar:
        while True:
            state = get_state(target, name)
            finished = state.success + state.failure
            note = f"{state.failure:,} failed" if state.failure else ""
            bar.update(finished, finished + state.pending if state.pending else None, note)
            if state.done:
                return state
            time.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE_SECONDS)


def _interrupted(target: Connection, name: str, title: str) -> None:
    """Ask what Ctrl-C was to mean; returns when waiting is to go on."""
    answer = "leave"
    if interactive():
        import typer  # slow, and hardly ever is anybody asked

        try:
            answer = typer.prompt(
                f"\n{title} is still running. cancel it, leave it running, or wait?",
                default="wait",
                err=True,
                show_default=True,
            )
        except (typer.Abort, KeyboardInterrupt):
            answer = "leave"
    if answer.startswith("c"):
        target.execute(target.healthcare.operations().cancel(name=name, body={}))
        remark("Cancelling; what is done stays.")
    elif answer.startswith("l"):
        operation_id = name.rsplit("/", 1)[-1]
        raise CommandError(
            f"{title} goes on without this command: `python -m scripts operations get {operation_id}` shows it,"
            f" `python -m scripts operations cancel {operation_id}` ends it.",
            ExitCode.PARTLY_DONE,
        )


def require_success(target: Connection, state: OperationState) -> None:
    """Raise CommandError when the operation as a whole failed or was cancelled."""
    if state.error_code == CANCELLED:
        done = ExitCode.PARTLY_DONE if state.success else ExitCode.FAILED
        raise CommandError(
            f"Operation {state.operation_id} was cancelled after {state.success:,} of its files were done;"
            " run the same command again to do the rest.",
            done,
        )
    if state.error_code and not state.is_partly_done:
        code = _HTTP_OF_RPC.get(state.error_code, 500)
        raise explain(ApiFailure(code, state.error_message), target.surroundings)


def exit_code(state: OperationState) -> ExitCode:
    """0 when every file was done, 3 when some failed, 1 when all did."""
    return ExitCode.of(failed=state.failure, done=state.success)


def failed_files(target: Connection, state: OperationState, resource: str = DICOM_STORE) -> list[FailedFile]:
    """The files that `state` counts as failed, from Cloud Logging, where alone Google names them.

    `resource` is what Cloud Logging calls the kind of store, "" for any.

    Entries arrive there with a delay on Google Cloud, hence a few tries. An account that may not read the logs gets
    an empty list and is told so.
    """
    if not state.failure:
        return []
    logs, of_operation = target.api("logging", "v2").entries(), f'operation.id:"{state.operation_id}"'
    body = {
        "resourceNames": [f"projects/{target.outputs.project}"],
        "filter": f'resource.type="{resource}" AND {of_operation}' if resource else of_operation,
        "orderBy": "timestamp asc",
        "pageSize": 1000,
    }
    found: list[FailedFile] = []
    for attempt in range(1 if target.emulated else _LOG_TRIES):
        if attempt:
            time.sleep(_LOG_PAUSE_SECONDS)
        try:
            found = _log_entries(target, logs, body)
        except Exception as error:
            refusal = api_failure(error)
            if refusal is None:
                raise
            remark(f"The log that names the failures cannot be read: {explain(error, target.surroundings)}")
            return []
        if len(found) >= state.failure:
            break
    return found


def _log_entries(target: Connection, logs: Any, body: dict[str, Any]) -> list[FailedFile]:
    request: dict[str, Any] = dict(body)
    found = []
    while True:
        page = target.execute(logs.list(body=request))
        for entry in page.get("entries", []):
            payload = entry.get("jsonPayload", {})
            source = payload.get("source") or payload.get("resourceName")
            if source and "error" in payload:
                found.append(FailedFile(source, one_line(str(payload["error"].get("message", "no reason given")))))
        if not page.get("nextPageToken"):
            return found
        request = {**body, "pageToken": page["nextPageToken"]}


def show_failures(state: OperationState, failures: list[FailedFile]) -> None:
    """Name the failed files on standard error, the first of many."""
    for each in failures[:_SHOWN_FAILURES]:
        remark(f"failed: {each.source}: {each.reason}")
    unnamed = state.failure - min(len(failures), _SHOWN_FAILURES)
    if unnamed > 0:
        where = f": {state.logs_url}" if state.logs_url else ""
        remark(f"{count(unnamed, 'more file')} failed; Cloud Logging names them{where}")
