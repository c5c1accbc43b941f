"""Every hostile name in every place that the path of an emulated method has for one: nothing else is reached by it.

TRAVERSAL=all tries each, 130,000 requests; the usual run one of a few hundred, so that all names and many
methods have their turn.
"""

import http.client
import itertools
import os
import re
from collections.abc import Iterator
from pathlib import Path

from emulator.gateway.discovery import load
from tests.conftest import StartEmulator
from tests.emulator.hostile import MODULES, Call, problem_of, send, things
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE

STEP = 1 if os.environ.get("TRAVERSAL") == "all" else 499
"""A prime, so that methods, places and names are mixed."""
NAMES = (
    *(".", "..", "...", "../..", "../../..", "..%2f..", "%2e", "%2e%2e", "%2e%2e%2f", "%2e%2e%2f%2e%2e%2fetc%2fpasswd"),
    *("%252e%252e%252f", "%c0%ae%c0%ae%2f", "%uff0e%uff0e", "..%5c..", "..\\..", "....//", "..;/", "a/../b"),
    *("a%2f..%2fb", "/", "//", "%2f", "%2fetc%2fpasswd", "file:%2f%2f%2fetc%2fpasswd", "C:%5c", "~", "~root", "-rf"),
    *(
        "a%00",
        "%00",
        "a%00.json",
        "a%0ab",
        "a%0d%0aX:y",
        "%0d%0a",
        "%7f",
        "%20",
        "a%20b",
        "$(id)",
        "`id`",
        "|id",
        ";id",
    ),
    *("a;b=c", "a?b", "*", "%2a", "**", "%25", "%", "%zz", "'", "%22", "';--", "<b>", "{x}", "[0]", "%ff"),
    *("%e2%80%ae", "%ef%bc%8e%ef%bc%8e", "owner-token", "..%2fowner-token", "..%2f..%2fowner-token"),
    *("..%2fstate.sqlite", "lock", "-", "_", "NUL", "con", "projects", "projects%2f-", "projects/-", ":cancel"),
    *("a:setIamPolicy", "a%3agetIamPolicy", "@", "a" * 300, "%2e" * 1500),
)
FIRST = re.compile(r"\{\w+\}")


def calls(names: dict[str, list[str]], token: str) -> Iterator[tuple[str, Call]]:
    """A method's id and a request of it: a hostile name in one place, and in the others names of what is there."""
    done: set[str] = set()  # v1 and v1beta1 have the same handlers
    for module in MODULES:
        for document in module.SERVICE.documents:
            for method in load(document).methods:
                if method.id not in module.SERVICE.registrations or method.id in done:
                    continue
                done.add(method.id)
                places = FIRST.findall(method.flat_path)
                for place, name in itertools.product(range(len(places)), NAMES):
                    path = "/" + method.flat_path
                    for number, variable in enumerate(places):
                        known = names.get(variable[1:-1], ["none"])[0]
                        path = path.replace(variable, name if number == place else known.replace("/", "%2F"), 1)
                    headers = [("authorization", f"Bearer {token}"), ("content-type", "application/json")]
                    body = b"{}" if method.http in ("POST", "PUT", "PATCH") else b""
                    yield method.id, Call(method.http, path, headers, body)


def test_no_name_reaches_what_is_elsewhere(start_emulator: StartEmulator) -> None:
    running = start_emulator()
    names = things(running)
    secrets = [path.read_bytes().strip() for path in secret_files(running.state)]
    before, wrong = seen(running, names), []
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=PATIENCE)
    for method, call in itertools.islice(calls(names, running.owner_token), None, None, STEP):
        try:
            status, content_type, body = send(running, call, connection)
        except (OSError, http.client.HTTPException) as error:
            wrong.append(f"{method}: no answer ({error!r}): {call}")
            connection.close()
            continue
        problem = problem_of(status, content_type, body)
        problem = problem or ("a file's content" if any(each in body for each in (*secrets, b"root:x:0")) else "")
        if problem:
            wrong.append(f"{method}: {problem}: {call}")
    assert not wrong, "\n".join(wrong[:20]) + f"\n{len(wrong)} in all"
    connection.close()
    assert seen(running, names) == before
    assert not strange_files(running.state)


def seen(running: RunningEmulator, names: dict[str, list[str]]) -> list[object]:
    """What was there before, as it is shown: nothing may have deleted or changed it by a wrong name."""
    project = f"projects/{names['projectsId'][0]}"
    dataset = f"/v1/{project}/locations/us-central1/datasets/fuzz"
    paths = (
        *(dataset, f"{dataset}/dicomStores/fuzz", f"{dataset}/fhirStores/fuzz", f"{dataset}/consentStores/fuzz"),
        *(f"/v1/{project}/topics/fuzz", f"/v1/{project}/subscriptions/fuzz", "/storage/v1/b/fuzz-bucket"),
        *(
            f"/bigquery/v2/{project}/datasets/fuzz",
            f"/v1/{project}/locations/us-central1/keyRings/fuzz",
            f"/v1/{project}",
        ),
    )
    return [running.request("GET", path) for path in paths]


def secret_files(state: Path) -> list[Path]:
    """What no answer may hold."""
    return [state / "owner-token", state / "signing-secret"]


def strange_files(state: Path) -> list[str]:
    """Files and folders beside and below the state whose names are not of the emulator's own making."""
    own = re.compile(r"[a-z0-9][\w.-]*")
    beside = [path for path in state.parent.iterdir() if not path.name.startswith(state.name)]
    return [str(path) for path in (*beside, *state.rglob("*")) if not own.fullmatch(path.name)]
