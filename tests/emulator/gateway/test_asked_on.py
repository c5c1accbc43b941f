"""On which resource each method asks for its permission: the one that its path names, or whose children it lists.

AIP-211: authorization checks on a collection are made on its parent. Who asks elsewhere is in DOCUMENTED.
"""

import re
from typing import Any

import pytest

from emulator.app import Emulator
from emulator.gateway.request import Request
from emulator.services.healthcare.names import store_of
from emulator.settings import Settings

PROJECT = "unit-project"
STORE = f"projects/{PROJECT}/locations/l/datasets/d/dicomStores/s"
DOCUMENTED = {
    # Pub/Sub: access control, "Required permissions"; PUT creates what the path names.
    "pubsub.projects.topics.create": f"projects/{PROJECT}",
    "pubsub.projects.snapshots.create": f"projects/{PROJECT}",
    # On the topic of the subscription (pubsub.topics.detachSubscription); this one is not there, and has none.
    "pubsub.projects.subscriptions.detach": f"projects/{PROJECT}",
    "pubsub.projects.subscriptions.create": f"projects/{PROJECT}",
    # IAM: projects.serviceAccounts.undelete; the account is gone.
    "iam.projects.serviceAccounts.undelete": f"projects/{PROJECT}",
    # Resource Manager: "Creating a project": on the parent, which is in the body.
    "cloudresourcemanager.projects.create": "organizations/1",
    "serviceusage.operations.get": "organizations/1",
    # IAM v2: on what a deny policy is attached to, which its path has as one segment.
    **{
        f"iam.policies.{verb}": f"projects/{PROJECT}"
        for verb in ("createPolicy", "delete", "get", "listPolicies", "operations.get", "update")
    },
    # BigQuery: access control, "bigquery.jobs.*" are granted on projects.
    **{f"bigquery.jobs.{verb}": f"projects/{PROJECT}" for verb in ("delete", "insert", "list", "query")},
}
SHORT = {
    "locations": "l",
    "datasets": "d",
    "dicomStores": "s",
    "organizations": "1",
    "policies": f"cloudresourcemanager.googleapis.com%2Fprojects%2F{PROJECT}",
    "{policiesId}": "denypolicies",
}


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Emulator:
    return Emulator(Settings(state=tmp_path_factory.mktemp("asked"), project=PROJECT))


def filled(flat: str) -> str:
    """A method's path with a value for each variable."""

    def value(found: re.Match[str]) -> str:
        before = flat[: found.start()].rstrip("/").rpartition("/")[2]
        return PROJECT if before == "projects" or "roject" in found[1] else SHORT.get(before, "x")

    return "/" + re.sub(r"\{\+?(\w+)\}", value, flat)


def named(path: str) -> str:
    """The resource that a path names, without the verb after a colon: of a collection, its parent."""
    segments = re.sub(r":[a-zA-Z0-9]+$", "", path).split("/")
    segments = segments[segments.index("projects") :] if "projects" in segments else segments[2:]  # /v1/...
    return "/".join(segments if len(segments) % 2 == 0 else segments[:-1])


def test_each_permission_is_asked_on_the_documented_resource(emulator: Emulator) -> None:
    wrong: dict[str, Any] = {}
    for service in emulator.services.values():
        methods = {method.id: method for document in emulator.documents(service.name) for method in document.methods}
        for method_id, registration in service.registrations.items():
            if registration.permission == ("",):
                continue
            method = methods[method_id]
            path = filled(method.flat_path)
            route, variables, _ = emulator.router.find(method.http, path)
            assert route is not None, path
            request = Request(emulator, method, variables, [], {}, _nothing, "http://localhost", path)
            request.body, request.query = {}, {}
            asked = request.name if registration.on is None else registration.on(request)
            expected = DOCUMENTED.get(method_id, STORE if "/dicomWeb/" in path else named(path))
            if "/fhir/" in path:  # resources of FHIR have no policy: what is asked on them is asked on their store
                asked, expected = store_of(asked), store_of(expected)
            if asked != expected:
                wrong[method_id] = (asked, expected)
    assert wrong == {}


async def _nothing() -> dict[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}
