"""Names of datasets and tables: parsed and formatted here only."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

DATASET_ID = re.compile(r"[A-Za-z0-9_]{1,1024}\Z")
TABLE_ID = re.compile(r"[\w\- ]{1,1024}\Z")


@dataclass(frozen=True, order=True)
class DatasetName:
    """A dataset of a project."""

    project: str
    dataset: str

    @property
    def resource(self) -> str:
        """Its resource name, under which policies are kept."""
        return f"projects/{self.project}/datasets/{self.dataset}"

    @property
    def reference(self) -> dict[str, str]:
        """Its `datasetReference`."""
        return {"projectId": self.project, "datasetId": self.dataset}

    def table(self, table: str) -> TableName:
        """A table in it."""
        return TableName(self.project, self.dataset, table)

    def __str__(self) -> str:
        return f"{self.project}:{self.dataset}"

    @staticmethod
    def from_reference(reference: dict[str, Any], project: str) -> DatasetName:
        """From a `datasetReference`; a missing project is `project`. Raises KeyError without a datasetId."""
        return DatasetName(str(reference.get("projectId") or project), str(reference["datasetId"]))


@dataclass(frozen=True, order=True)
class RoutineName:
    """A function or procedure of a dataset."""

    project: str
    dataset: str
    routine: str

    @property
    def parent(self) -> DatasetName:
        """The dataset that it is in."""
        return DatasetName(self.project, self.dataset)

    @property
    def resource(self) -> str:
        """Its resource name, under which policies are kept."""
        return f"projects/{self.project}/datasets/{self.dataset}/routines/{self.routine}"

    @property
    def reference(self) -> dict[str, str]:
        """Its `routineReference`."""
        return {"projectId": self.project, "datasetId": self.dataset, "routineId": self.routine}

    def __str__(self) -> str:
        return f"{self.project}:{self.dataset}.{self.routine}"

    @staticmethod
    def written(path: str, project: str, default: DatasetName | None) -> RoutineName | None:
        """What a path in a statement names, backquotes or not; None where its dataset is not told."""
        parts = path.replace("`", "").replace(" ", "").split(".")
        if len(parts) == 1:
            return None if default is None else RoutineName(default.project, default.dataset, parts[0])
        if len(parts) == 2:
            return RoutineName(project, *parts)
        return RoutineName(".".join(parts[:-2]), *parts[-2:])


@dataclass(frozen=True, order=True)
class TableName:
    """A table or view of a dataset."""

    project: str
    dataset: str
    table: str

    @property
    def parent(self) -> DatasetName:
        """The dataset that it is in."""
        return DatasetName(self.project, self.dataset)

    @property
    def resource(self) -> str:
        """Its resource name, under which policies are kept."""
        return f"projects/{self.project}/datasets/{self.dataset}/tables/{self.table}"

    @property
    def reference(self) -> dict[str, str]:
        """Its `tableReference`."""
        return {"projectId": self.project, "datasetId": self.dataset, "tableId": self.table}

    def __str__(self) -> str:
        return f"{self.project}:{self.dataset}.{self.table}"

    @staticmethod
    def from_reference(reference: dict[str, Any], project: str) -> TableName:
        """From a `tableReference`; a missing project is `project`. Raises KeyError without its ids."""
        return TableName(
            str(reference.get("projectId") or project), str(reference["datasetId"]), str(reference["tableId"])
        )
