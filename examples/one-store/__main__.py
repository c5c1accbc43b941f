"""A healthcare dataset with one DICOM store: the smallest program on top of this project's components."""

import pulumi

from infra.healthcare import Dataset, DatasetArgs, DicomStore, DicomStoreArgs
from infra.labels import common_labels

config = pulumi.Config()
protected = config.get_bool("deletionProtection", default=True)

dataset = Dataset(
    "films",
    DatasetArgs(
        project=pulumi.Config("gcp").require("project"),
        location=config.get("location", "us-central1"),
        dataset="films",
        deletion_protection=protected,
    ),
)
store = DicomStore(
    "films",
    DicomStoreArgs(
        dataset=dataset.dataset.id,
        store="chest",
        labels=common_labels("one-store", pulumi.get_stack()),
        deletion_protection=protected,
    ),
)
pulumi.export("store", store.store.id)
