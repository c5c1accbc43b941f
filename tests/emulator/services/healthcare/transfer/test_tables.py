"""bq:// URIs, and how an existing table is written."""

import pytest

from emulator.errors import ApiError
from emulator.services.healthcare.transfer import tables
from emulator.services.healthcare.transfer.tables import TableUri


@pytest.mark.parametrize(
    ("uri", "project"),
    [("bq://p-1.d_1.t", "p-1"), ("bq://example.com:p.d.t$20200101", "example.com:p"), ("bq://p:d.t", "p")],
)
def test_the_parts_of_a_table(uri: str, project: str) -> None:
    parsed = TableUri.parse(uri)
    assert parsed.project == project
    assert TableUri.parse(str(parsed)) == parsed


@pytest.mark.parametrize("uri", ["", "bq://", "bq://p.d", "bq://p.d.t.more", "p.d.t", "bq://p.d d.t", "gs://p.d.t"])
def test_what_is_no_table_is_refused(uri: str) -> None:
    with pytest.raises(ApiError, match=r"it must be bq://PROJECT\.DATASET\.TABLE\.$"):
        TableUri.parse(uri)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "WRITE_EMPTY"),
        ({"force": True}, "WRITE_TRUNCATE"),
        ({"force": True, "writeDisposition": "WRITE_APPEND"}, "WRITE_APPEND"),
        ({"force": True, "writeDisposition": "WRITE_DISPOSITION_UNSPECIFIED"}, "WRITE_TRUNCATE"),
    ],
)
def test_force_counts_where_no_disposition_is_set(given: dict[str, object], expected: str) -> None:
    assert tables.disposition(given) == expected
