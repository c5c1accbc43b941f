"""Names of resources as far as trouble looks at them: project, region, dataset, store."""

from __future__ import annotations

_CREATES = (".datasets.create", "Stores.create")
_IDS = ("datasetId", "dicomStoreId", "fhirStoreId", "hl7V2StoreId", "consentStoreId")
_DATASET, _STORE = 6, 8
"""How many segments the names of a dataset and of a store in it have."""


def project_and_region(name: str) -> tuple[str, str]:
    """The project and region of a resource's name, "" for what it does not say."""
    parts = name.split("/", 4)
    if len(parts) < 4 or (parts[0], parts[2]) != ("projects", "locations"):
        return (parts[1] if parts[0] == "projects" and len(parts) > 1 else ""), ""
    return parts[1], parts[3]


def created(method: str, parent: str, query: dict[str, str]) -> str:
    """The name of the dataset or store that a call of Healthcare has created; "" for any other call."""
    if not method.startswith("healthcare.") or not method.endswith(_CREATES):
        return ""
    for name in _IDS:
        if identifier := query.get(name):
            return f"{parent}/{name[:-2]}s/{identifier}"
    return ""


def around(name: str) -> tuple[str, ...]:
    """The dataset, and the store, that a name is of or lies in."""
    parts = name.split("/", _STORE)
    return tuple("/".join(parts[:count]) for count in (_DATASET, _STORE) if len(parts) >= count)
