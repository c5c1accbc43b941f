"""Paths to methods: verbs, uploads, escaped slashes, precedence."""

import pytest

from emulator.gateway.discovery import load
from emulator.gateway.routing import Router

STORE = "projects/p/locations/l/datasets/d/dicomStores/s"


@pytest.fixture(scope="module")
def router() -> Router:
    names = ("healthcare.v1", "healthcare.v1beta1", "storage.v1", "bigquery.v2", "pubsub.v1", "cloudresourcemanager.v1")
    return Router([load(name) for name in names])


@pytest.mark.parametrize(
    ("http", "path", "method", "variables"),
    [
        ("GET", f"/v1/{STORE}", "healthcare.projects.locations.datasets.dicomStores.get", {"name": STORE}),
        (
            "POST",
            f"/v1beta1/{STORE}:import",
            "healthcare.projects.locations.datasets.dicomStores.import",
            {"name": STORE},
        ),
        (
            "GET",
            f"/v1/{STORE}/dicomWeb/studies/1.2/series/3/instances/4/frames/1,2",
            "healthcare.projects.locations.datasets.dicomStores.studies.series.instances.frames.retrieveFrames",
            {"parent": STORE, "dicomWebPath": "studies/1.2/series/3/instances/4/frames/1,2"},
        ),
        (
            "GET",
            f"/v1/{STORE}/dicomWeb/studies/1.2:getStudyMetrics",
            "healthcare.projects.locations.datasets.dicomStores.dicomWeb.studies.getStudyMetrics",
            {"study": f"{STORE}/dicomWeb/studies/1.2"},
        ),
        ("GET", "/storage/v1/b/x/o/a%2Fb%3Fc", "storage.objects.get", {"bucket": "x", "object": "a/b?c"}),
        ("POST", "/upload/storage/v1/b/x/o", "storage.objects.insert", {"bucket": "x"}),
        ("GET", "/storage/v1/b/x/anywhereCaches/", "storage.anywhereCaches.list", {"bucket": "x"}),
        ("POST", "/upload/bigquery/v2/projects/p/jobs", "bigquery.jobs.insert", {"projectId": "p"}),
        ("PUT", "/v1/projects/p/topics/t", "pubsub.projects.topics.create", {"name": "projects/p/topics/t"}),
        ("POST", "/v1/projects/p:getIamPolicy", "cloudresourcemanager.projects.getIamPolicy", {"resource": "p"}),
        ("GET", "/v1/projects/p/locations", "healthcare.projects.locations.list", {"name": "projects/p"}),
    ],
)
def test_finds_the_method(router: Router, http: str, path: str, method: str, variables: dict[str, str]) -> None:
    route, found, _ = router.find(http, path)
    assert route is not None
    assert (route.method.id, found) == (method, variables)


def test_an_upload_path_is_told_from_a_plain_one(router: Router) -> None:
    upload, _, _ = router.find("POST", "/upload/storage/v1/b/x/o")
    plain, _, _ = router.find("POST", "/storage/v1/b/x/o")
    assert upload is not None
    assert plain is not None
    assert (upload.upload, plain.upload) == (True, False)


def test_says_whether_the_path_exists_for_another_verb(router: Router) -> None:
    route, _, other = router.find("PUT", "/storage/v1/b")
    assert route is None
    assert other is not None
    assert other.method.id in ("storage.buckets.insert", "storage.buckets.list")
    assert router.find("GET", "/nothing/here") == (None, {}, None)


def test_every_method_of_the_documents_is_reachable_at_its_own_path() -> None:
    """Each method alone in a trie answers at its flat path with segments filled in."""
    for name in ("healthcare.v1", "healthcare.v1beta1", "storage.v1", "bigquery.v2", "pubsub.v1"):
        document = load(name)
        router = Router([document])
        for method in document.methods:
            path = "/" + "/".join("x" + s[s.index("}") + 1 :] if "{" in s else s for s in method.flat_path.split("/"))
            route, variables, _ = router.find(method.http, path)
            assert route is not None, method.id
            assert all(variables.values()), method.id
