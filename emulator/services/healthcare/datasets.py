"""Creating a dataset (an operation that is finished when it is answered), and the locations where datasets can be."""

from emulator.gateway import collections, paging
from emulator.gateway.errors import not_found, permission_denied
from emulator.gateway.request import Answer, Request
from emulator.services.cloudkms import api as cloudkms
from emulator.services.healthcare import SERVICE, agent, operations, resources

LOCATIONS = [
    "asia-east1",
    "asia-east2",
    "asia-northeast1",
    "asia-northeast2",
    "asia-northeast3",
    "asia-south1",
    "asia-south2",
    "asia-southeast1",
    "asia-southeast2",
    "australia-southeast1",
    "australia-southeast2",
    "europe-central2",
    "europe-north1",
    "europe-southwest1",
    "europe-west1",
    "europe-west2",
    "europe-west3",
    "europe-west4",
    "europe-west6",
    "europe-west9",
    "me-central1",
    "me-west1",
    "northamerica-northeast1",
    "northamerica-northeast2",
    "southamerica-east1",
    "southamerica-west1",
    "us",
    "us-central1",
    "us-east1",
    "us-east4",
    "us-east5",
    "us-south1",
    "us-west1",
    "us-west2",
    "us-west3",
    "us-west4",
    "eu",
]
"""Cloud Healthcare: regional and multi-regional locations."""


@SERVICE.handles("healthcare.projects.locations.datasets.create")
async def create(request: Request) -> Answer:
    """Create a dataset: readable as soon as the operation is answered, which the provider relies on."""
    location = request.path["parent"].rsplit("/", 1)[-1]
    if location not in LOCATIONS:
        raise not_found(f"Location {location} is not found or access is unauthorized.")
    key = ((request.body or {}).get("encryptionSpec") or {}).get("kmsKeyName")
    if key:
        email = agent.principal(request.emulator, request.path["parent"]).partition(":")[2]
        cloudkms.require_usable(request.emulator, key, email, permission_denied)
    dataset = await collections.create(resources.DATASETS, request)
    operation = await operations.finished(
        request,
        dataset.name,
        "dataset.DatasetService.CreateDataset",
        {"@type": operations.type_url(request, "dataset.Dataset"), "name": dataset.name, **dataset.body},
    )
    return operations.view(operation)


def _location(project: str, location: str) -> dict[str, str]:
    return {"name": f"{project}/locations/{location}", "locationId": location}


@SERVICE.handles("healthcare.projects.locations.list")
async def list_locations(request: Request) -> Answer:
    """List where datasets can be created."""
    page, following = paging.cut(LOCATIONS, paging.asked(request.query, len(LOCATIONS), len(LOCATIONS)))
    answer: dict[str, object] = {"locations": [_location(request.name, location) for location in page]}
    if following:
        answer["nextPageToken"] = following
    return answer


@SERVICE.handles("healthcare.projects.locations.get")
async def get_location(request: Request) -> Answer:
    """Give one location."""
    project, _, location = request.name.rpartition("/locations/")
    if location not in LOCATIONS:
        raise not_found(f"Location {location} is not found or access is unauthorized.")
    return _location(project, location)
