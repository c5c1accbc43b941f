"""Google's APIs that are not emulated, by their discovery documents: a call of theirs is told by name, not lost."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from emulator.errors import ApiError, not_found, not_implemented
from emulator.gateway.discovery import Document, unpacked
from emulator.gateway.routing import Router

# What programs of this field call beside the emulated services. Their paths are read at the first path that the
# emulator does not know.
DOCUMENTS = (
    *("artifactregistry.v1", "run.v1", "cloudfunctions.v2"),
    *("bigqueryconnection.v1", "bigquerydatatransfer.v1"),
    *("dataflow.v1b3", "dataproc.v1", "dataplex.v1", "datacatalog.v1", "aiplatform.v1", "notebooks.v2", "vision.v1"),
    *("dlp.v2", "container.v1", "cloudbuild.v1", "eventarc.v1", "workflows.v1", "cloudtasks.v2", "sqladmin.v1"),
    *("firestore.v1", "redis.v1", "dns.v1", "accesscontextmanager.v1", "cloudscheduler.v1beta1", "iam.v2beta"),
    *("secretmanager.v1beta1", "orgpolicy.v2", "apikeys.v2", "cloudasset.v1", "servicenetworking.v1", "vpcaccess.v1"),
    *("bigqueryreservation.v1", "bigquerydatapolicy.v1", "analyticshub.v1", "datafusion.v1", "documentai.v1"),
    *("billingbudgets.v1", "storagetransfer.v1", "cloudfunctions.v1", "cloudtrace.v2", "spanner.v1", "file.v1"),
    *("certificatemanager.v1", "privateca.v1", "batch.v1", "lifesciences.v2beta", "securitycenter.v1"),
)

FILE = "neighbours.json.gz"


def method_at(http: str, raw_path: str) -> str | None:
    """The id of the method of such an API ("secretmanager.projects.secrets.get"); None if none has path and verb."""
    route = _router().find(http, raw_path)[0]
    return None if route is None else route.method.id


@cache
def _router() -> Router:
    return Router(list(documents()))


def documents() -> Iterator[Document]:
    """The documents with the ids and paths of their methods, and nothing else (emulator.extract makes the file)."""
    for name, raw in unpacked(FILE).items():
        yield Document(name, raw)


def unknown_path(http: str, raw_path: str, *, known: bool) -> ApiError:
    """The answer where no method has the path (or not for that verb): 501 with its id for another API of Google's."""
    if method_id := method_at(http, raw_path):
        return not_implemented(f"{method_id} is not emulated.")
    if raw_path == "/batch" or raw_path.startswith("/batch/"):
        return not_implemented("Batch requests are emulated for Cloud Storage only, at /batch/storage/v1.")
    if raw_path.startswith("/compute/"):
        return not_implemented(f"{http} {raw_path[:300]} of Compute Engine is not emulated.")
    if known:
        return ApiError(405, "UNIMPLEMENTED", "The method is not allowed for this path.", "methodNotAllowed")
    return not_found(f"The requested URL {raw_path[:300]} was not found: no API of this emulator has this path.")
