"""Names of healthcare resources, parsed and written in one place."""

import re
from dataclasses import dataclass
from typing import Self

from emulator.errors import invalid_argument

METHODS = "healthcare.projects.locations.datasets"
"""What the ids of the methods of datasets begin with, and of those below."""
DATASET = "healthcare.datasets"
"""The kind of datasets in the table of resources."""
ID = re.compile(r"[\w\-.]{1,256}")
"""What ids of datasets and stores look like."""


@dataclass(frozen=True, slots=True)
class StoreName:
    """projects/P/locations/L/datasets/D/dicomStores/S (or another collection of stores)."""

    project: str
    location: str
    dataset_id: str
    collection: str
    store_id: str

    @classmethod
    def parse(cls, name: str) -> Self:
        """Read a store's name; 400 if it is none."""
        parts = name.split("/")
        if len(parts) != 8 or (parts[0], parts[2], parts[4]) != ("projects", "locations", "datasets"):
            raise invalid_argument(f"Invalid store name {name}: it must be projects/P/locations/L/datasets/D/STORES/S.")
        return cls(parts[1], parts[3], parts[5], parts[6], parts[7])

    def __str__(self) -> str:
        return f"{self.dataset}/{self.collection}/{self.store_id}"

    @property
    def dataset(self) -> str:
        """The name of the dataset that holds the store."""
        return f"projects/{self.project}/locations/{self.location}/datasets/{self.dataset_id}"


def store_of(resource: str) -> str:
    """The store's name out of a longer resource name (.../dicomStores/S/dicomWeb/studies/U)."""
    return "/".join(resource.split("/")[:8])
