"""How resources are named, and what each inherits from."""

from __future__ import annotations

import pytest

from scripts.access.resources import find
from scripts.errors import UsageError
from tests.scripts.outputs import outputs_for

OUTPUTS = outputs_for(None)
DATASET = "projects/p/locations/l/datasets/d"
KEY = "projects/k/locations/l/keyRings/r/cryptoKeys/c"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("projects/p", ["project projects/p"]),
        (DATASET, [f"healthcare dataset {DATASET}", "project projects/p"]),
        (
            f"{DATASET}/dicomStores/s/dicomWeb/studies/1",
            [f"DICOM store {DATASET}/dicomStores/s", f"healthcare dataset {DATASET}", "project projects/p"],
        ),
        (KEY, [f"key {KEY}", "key ring projects/k/locations/l/keyRings/r", "project projects/k"]),
        (
            "gs://b/a/file.dcm",
            [
                "object projects/_/buckets/b/objects/a/file.dcm",
                "bucket projects/_/buckets/b",
                "project projects/some-project",
            ],
        ),
        (
            "bq://p.d.t",
            [
                "BigQuery table projects/p/datasets/d/tables/t",
                "BigQuery dataset projects/p/datasets/d",
                "project projects/p",
            ],
        ),
        ("//pubsub.googleapis.com/projects/p/topics/t", ["topic projects/p/topics/t", "project projects/p"]),
        (
            "a@p.iam.gserviceaccount.com",
            ["service account projects/p/serviceAccounts/a@p.iam.gserviceaccount.com", "project projects/p"],
        ),
        ("topic", [f"topic {OUTPUTS.dicom_topic}", "project projects/some-project"]),
    ],
)
def test_what_is_named_and_what_it_inherits_from(text: str, line: list[str]) -> None:
    assert [str(each) for each in find(text, OUTPUTS).line] == line


@pytest.mark.parametrize("text", ["projects/p/nothing/here", "projects/p/locations/l", "gs://", "dicom-web"])
def test_what_names_nothing_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="names no resource"):
        find(text, OUTPUTS)
