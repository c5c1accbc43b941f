"""Executions that run on this machine: commands that stand for images, as processes with an account's tokens."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import PROJECT
from tests.support.accounts import grant, make_account
from tests.support.emulator import RunningEmulator
from tests.support.patience import eventually

LOCATION = f"projects/{PROJECT}/locations/us-central1"
IMAGE = "us-docker.pkg.dev/made-up/images/worker"
Json = dict[str, Any]

# What the "image" does: its first argument says.
WORKER = """
import json, os, pathlib, signal, subprocess, sys, time, urllib.request

what, *rest = sys.argv[1:]
if what == "tell":
    print(json.dumps({"severity": "warning", "message": "told", "variables": dict(os.environ), "arguments": rest}))
    print("plain", file=sys.stderr)
elif what == "fail-until":
    sys.exit(0 if int(os.environ["CLOUD_RUN_TASK_ATTEMPT"]) >= int(rest[0]) else 3)
elif what == "who":
    import google.auth, google.auth.transport.requests
    credentials, project = google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])
    credentials.refresh(google.auth.transport.requests.Request())
    url = os.environ["HEALTHCARE_EMULATOR_HOST"] + f"/v1/projects/{project}/locations/us-central1/datasets"
    asked = urllib.request.Request(url, headers={"Authorization": "Bearer " + credentials.token})
    with urllib.request.urlopen(asked) as answer:
        print(f"{credentials.service_account_email} got {answer.status}")
elif what == "wait":
    here = pathlib.Path(rest[0]) / os.environ["CLOUD_RUN_TASK_INDEX"]
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
    with here.open("a") as file:
        file.write(f"{os.getpid()} {child.pid}\\n")
    while not here.with_name(f"go-{here.name}").exists():
        time.sleep(0.02)
    child.kill()
elif what == "childless":
    try:
        print("a child:", os.wait())
    except ChildProcessError:
        print("no child")
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEmulator]:
    """An emulator for which a script stands for an image."""
    folder = tmp_path_factory.mktemp("run")
    script = folder / "worker.py"
    script.write_text(WORKER)
    images = f"{IMAGE}={shlex.join([sys.executable, str(script)])}", f"{IMAGE}-none=/no/such/command"
    options = [word for image in images for word in ("--run-image", image)]
    made = RunningEmulator(folder / "state", PROJECT, tuple(options)).start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def account(running: RunningEmulator) -> str:
    """The account that the jobs run as; it may list datasets."""
    made = make_account(running, "works-here")
    grant(running, f"projects/{PROJECT}", made.member, "roles/healthcare.datasetViewer")
    return made.email


def start(
    emulator: RunningEmulator,
    account: str,
    job: str,
    *args: str,
    image: str = f"{IMAGE}:1",
    task: Json | None = None,
    **template: Any,
) -> Json:
    """The operation of a new job's execution."""
    container = {"image": image, "args": list(args), "env": [{"name": "OF_THE_JOB", "value": "yes"}]}
    inner = {"containers": [container], "serviceAccount": account, "maxRetries": 0, **(task or {})}
    code, made = emulator.request(
        "POST", f"/v2/{LOCATION}/jobs?jobId={job}", {"template": {"template": inner, **template}}
    )
    assert code == 200, made
    code, operation = emulator.request("POST", f"/v2/{LOCATION}/jobs/{job}:run", {})
    assert code == 200, operation
    return dict(operation)


def ended(emulator: RunningEmulator, operation: Json) -> Json:
    """An operation once it is done."""
    path = f"/v2/{operation['name']}:wait"
    found: Json = eventually(lambda: emulator.request("POST", path, {"timeout": "5s"})[1], lambda now: now.get("done"))
    return found


def tasks_of(emulator: RunningEmulator, operation: Json) -> list[Json]:
    execution = operation["metadata"]["name"]
    found: list[Json] = emulator.request("GET", f"/v2/{execution}/tasks")[1]["tasks"]
    return sorted(found, key=lambda task: int(task.get("index", 0)))


def logged(emulator: RunningEmulator, job: str, count: int) -> list[Json]:
    """What the tasks of a job have printed, once that are so many lines."""
    body = {"resourceNames": [f"projects/{PROJECT}"], "filter": f'resource.labels.job_name="{job}"'}
    return wait_for(lambda: emulator.request("POST", "/v2/entries:list", body)[1].get("entries", []), count)


def wait_for(read: Callable[[], list[Any]], count: int) -> list[Any]:
    return eventually(read, lambda found: len(found) >= count)


def is_gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody has waited for has, too."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_a_task_is_told_who_it_is_and_what_it_prints_is_logged(running: RunningEmulator, account: str) -> None:
    operation = ended(running, start(running, account, "tells", "tell", "a b", taskCount=2))
    assert operation["response"]["succeededCount"] == 2
    entries = logged(running, "tells", 4)
    told = [entry for entry in entries if "jsonPayload" in entry]
    assert {entry["severity"] for entry in told} == {"WARNING"}
    assert {entry["jsonPayload"]["arguments"][0] for entry in told} == {"a b"}
    variables = told[0]["jsonPayload"]["variables"]
    assert {entry["jsonPayload"]["variables"]["CLOUD_RUN_TASK_INDEX"] for entry in told} == {"0", "1"}
    assert (variables["CLOUD_RUN_JOB"], variables["CLOUD_RUN_TASK_COUNT"], variables["OF_THE_JOB"]) == (
        "tells",
        "2",
        "yes",
    )
    assert operation["metadata"]["name"].endswith(variables["CLOUD_RUN_EXECUTION"])
    # The owner's credentials are not the task's.
    assert running.owner_token not in str(variables)
    assert "GOOGLE_APPLICATION_CREDENTIALS" not in variables
    plain = next(entry for entry in entries if "textPayload" in entry)
    assert (plain["textPayload"], plain["logName"].rpartition("%2F")[2]) == ("plain", "stderr")
    assert plain["resource"]["type"] == "cloud_run_job"


def test_googles_clients_find_the_tokens_of_the_account(running: RunningEmulator, account: str) -> None:
    ended(running, start(running, account, "asks", "who"))
    assert [entry["textPayload"] for entry in logged(running, "asks", 1)] == [f"{account} got 200"]


def test_a_task_that_fails_is_tried_again(running: RunningEmulator, account: str) -> None:
    operation = ended(running, start(running, account, "retries", "fail-until", "2", task={"maxRetries": 2}))
    assert operation["response"]["retriedCount"] == 1
    [task] = tasks_of(running, operation)
    assert (task["retried"], task["lastAttemptResult"]["exitCode"]) == (2, 0)


def test_a_task_that_fails_too_often_fails_the_execution(running: RunningEmulator, account: str) -> None:
    operation = ended(running, start(running, account, "fails", "fail-until", "9", task={"maxRetries": 1}, taskCount=2))
    assert "exited with code 3" in operation["error"]["message"]
    execution = operation["metadata"]
    assert (execution["failedCount"], execution["conditions"][0]["executionReason"]) == (2, "NON_ZERO_EXIT_CODE")
    assert [task["lastAttemptResult"]["exitCode"] for task in tasks_of(running, operation)] == [3, 3]


def test_a_command_that_is_not_there_fails_as_a_shell_says(running: RunningEmulator, account: str) -> None:
    operation = ended(running, start(running, account, "missing", image=f"{IMAGE}-none"))
    assert "exited with code 127" in operation["error"]["message"]


def test_a_task_that_takes_too_long_is_ended_with_what_it_started(
    running: RunningEmulator, account: str, tmp_path: Path
) -> None:
    operation = ended(running, start(running, account, "slow", "wait", str(tmp_path), task={"timeout": "1s"}))
    assert "longer than its timeout, 1s" in operation["error"]["message"]
    for pid in processes(tmp_path, 0):
        wait_for(lambda pid=pid: [1] if is_gone(pid) else [], 1)  # type: ignore[misc]


def processes(folder: Path, task: int) -> list[int]:
    """The processes of a task, of all its runs, once it has begun."""

    def read() -> list[Any]:
        file = folder / str(task)
        return file.read_text().split() if file.exists() else []

    return [int(pid) for pid in wait_for(read, 2)]


def test_a_task_finds_no_process_beside_those_that_it_started(running: RunningEmulator, account: str) -> None:
    ended(running, start(running, account, "childless", "childless"))
    assert [line["textPayload"] for line in logged(running, "childless", 1)] == ["no child"]


def test_a_cancelled_execution_ends_its_processes(running: RunningEmulator, account: str, tmp_path: Path) -> None:
    operation = start(running, account, "cancelled", "wait", str(tmp_path))
    pids = processes(tmp_path, 0)
    execution = operation["metadata"]["name"]
    assert running.request("POST", f"/v2/{execution}:cancel", {})[0] == 200
    assert ended(running, operation)["error"]["code"] == 1
    shown = running.request("GET", f"/v2/{execution}")[1]
    assert (shown["cancelledCount"], shown["conditions"][0]["executionReason"]) == (1, "CANCELLED")
    assert all(is_gone(pid) for pid in pids)
    assert running.request("POST", f"/v2/{execution}:cancel", {})[0] == 400


def test_a_task_that_a_crash_interrupts_runs_again_and_one_that_had_ended_does_not(
    running: RunningEmulator, account: str, tmp_path: Path
) -> None:
    operation = start(running, account, "crashes", "wait", str(tmp_path), taskCount=2)
    first, second = processes(tmp_path, 0), processes(tmp_path, 1)
    (tmp_path / "go-0").touch()
    wait_for(lambda: [task for task in tasks_of(running, operation) if "completionTime" in task], 1)
    running.kill()
    for pid in (*first, *second):
        wait_for(lambda pid=pid: [1] if is_gone(pid) else [], 1)  # type: ignore[misc]
    (tmp_path / "go-1").touch()
    running.start()
    assert ended(running, operation)["response"]["succeededCount"] == 2
    assert [len((tmp_path / task).read_text().splitlines()) for task in ("0", "1")] == [1, 2]


def test_a_command_of_the_jobs_own_and_secrets_are_refused(running: RunningEmulator, account: str) -> None:
    container: Json = {"image": IMAGE, "command": ["/bin/sh"], "args": ["-c", "true"]}
    operation = ended(running, start(running, account, "own-command", task={"containers": [container]}))
    assert "a command of its own" in operation["error"]["message"]
    secret = {"name": "KEY", "valueSource": {"secretKeyRef": {"secret": "key", "version": "1"}}}
    container = {"image": IMAGE, "env": [secret]}
    operation = ended(running, start(running, account, "secret", task={"containers": [container]}))
    assert "Secret Manager" in operation["error"]["message"]


def test_an_account_that_is_not_there_runs_nothing(running: RunningEmulator) -> None:
    body = {"template": {"template": {"containers": [{"image": IMAGE}]}}}
    assert running.request("POST", f"/v2/{LOCATION}/jobs?jobId=nobody", body)[0] == 200
    operation = ended(running, running.request("POST", f"/v2/{LOCATION}/jobs/nobody:run", {})[1])
    assert "serviceAccount" in operation["error"]["message"]
