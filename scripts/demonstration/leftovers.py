"""What is left in an emulator after everything that the stack made was destroyed."""

import json
import urllib.request

# Collections a person may fill, and the key of their list.
_LISTS = {
    "buckets": "/storage/v1/b?project={project}",
    "datasets": "/v1/projects/{project}/locations/-/datasets",
    "topics": "/v1/projects/{project}/topics",
    "subscriptions": "/v1/projects/{project}/subscriptions",
    "tables": "/bigquery/v2/projects/{project}/datasets?all=true",
}
_KEYS = {"buckets": "items", "tables": "datasets"}


def leftovers(url: str, project: str, token: str) -> list[str]:
    """What there still is, such as `2 buckets`; empty if there is nothing.

    Args:
        url: the emulator's root, without a slash at the end.
        project: the project's id.
        token: the owner's access token.
    """
    found = []
    for noun, path in _LISTS.items():
        request = urllib.request.Request(
            url + path.format(project=project), headers={"Authorization": f"Bearer {token}"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            number = len(json.load(answer).get(_KEYS.get(noun, noun)) or ())
        if number:
            found.append(f"{number} {noun}")
    return found
