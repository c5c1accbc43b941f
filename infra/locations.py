"""Where a healthcare dataset can be."""

from difflib import get_close_matches

LOCATIONS = (
    *("northamerica-northeast1", "northamerica-northeast2", "southamerica-east1"),
    *("us-central1", "us-east1", "us-east4", "us-west1", "us-west2", "us-west3"),
    *("asia-east1", "asia-east2", "asia-northeast1", "asia-northeast2", "asia-northeast3", "asia-south1"),
    *("asia-southeast1", "asia-southeast2", "australia-southeast1", "australia-southeast2"),
    *("europe-north1", "europe-west2", "europe-west3", "europe-west4", "europe-west6"),
    *("me-central1", "me-central2", "me-west1"),
    *("us", "eu"),
)
"""Regions and multi-regions of the Cloud Healthcare API (docs.cloud.google.com/healthcare-api/docs/requirements)."""


def key_location(location: str) -> str:
    """Where a key must be that encrypts data in `location`: the same place, which Cloud KMS calls europe for eu."""
    return {"eu": "europe"}.get(location, location)


def check(location: str) -> str | None:
    """What a location must be, with those whose names are near; None for one that there is."""
    if location in LOCATIONS:
        return None
    near = sorted(get_close_matches(location, LOCATIONS, 5)) or ["us-central1", "europe-west4"]
    return f"must be a region of the Cloud Healthcare API, such as {', '.join(near)}, or us or eu"
