"""What is left in an emulator after everything that the stack made was destroyed."""

import json
import urllib.request
from typing import Any

# Collections a person may fill, and the key of their list.
_LISTS = {
    "buckets": ("/storage/v1/b?project={project}", "items"),
    "topics": ("/v1/projects/{project}/topics", "topics"),
    "subscriptions": ("/v1/projects/{project}/subscriptions", "subscriptions"),
    "BigQuery datasets": ("/bigquery/v2/projects/{project}/datasets?all=true", "datasets"),
}


def leftovers(url: str, project: str, token: str) -> list[str]:
    """What there still is, such as `2 buckets`; empty if there is nothing.

    Args:
        url: the emulator's root, without a slash at the end.
        project: the project's id.
        token: the owner's access token.
    """

    def listed(path: str, key: str) -> list[Any]:
        request = urllib.request.Request(url + path, headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return list(json.load(answer).get(key) or ())

    numbers = {noun: len(listed(path.format(project=project), key)) for noun, (path, key) in _LISTS.items()}
    locations = listed(f"/v1/projects/{project}/locations", "locations")
    numbers["healthcare datasets"] = sum(len(listed(f"/v1/{each['name']}/datasets", "datasets")) for each in locations)
    return [f"{number} {noun}" for noun, number in numbers.items() if number]
