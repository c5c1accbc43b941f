"""Record batches in pieces, as Arrow's own library reads them."""

import gc
from decimal import Decimal

import nanoarrow as na
import pyarrow as pa
import pytest

from emulator.services.bigquerystorage.engine.record_batch import pieces

ROWS = 41
BATCH = pa.RecordBatch.from_pylist(
    [
        {
            "number": n,
            "half": None if n % 3 else n / 2,
            "text": None if n % 5 == 1 else "ä" * (n % 7),
            "bytes": bytes(range(n)),
            "truth": None if n % 11 == 3 else n % 2 == 0,
            "money": Decimal(n) / 8,
            "never": None,
            "list": [None if value % 4 == 1 else str(value) for value in range(n % 6)],
            "record": None if n % 9 == 2 else {"x": n, "inner": [{"y": n % 2 == 0, "z": [n] * (n % 3)}] * (n % 4)},
        }
        for n in range(ROWS)
    ],
    schema=pa.schema(
        {
            "number": pa.int64(),
            "half": pa.float64(),
            "text": pa.string(),
            "bytes": pa.binary(),
            "truth": pa.bool_(),
            "money": pa.decimal128(38, 9),
            "never": pa.date32(),
            "list": pa.list_(pa.string()),
            "record": pa.struct(
                {"x": pa.int64(), "inner": pa.list_(pa.struct({"y": pa.bool_(), "z": pa.list_(pa.int64())}))}
            ),
        }
    ),
)


def read(batch: pa.RecordBatch, begin: int, end: int) -> pa.RecordBatch:
    message = pieces(na.c_array(batch), begin, end)
    gc.collect()
    found = pa.ipc.read_record_batch(pa.py_buffer(b"".join(message)), batch.schema)
    found.validate(full=True)
    return found


@pytest.mark.parametrize("size", [1, 3, 8, 16, ROWS])
def test_any_rows_of_any_types_are_read_as_they_were(size: int) -> None:
    for begin in range(0, ROWS, size):
        rows = BATCH.slice(begin, size)
        found = read(BATCH, begin, begin + rows.num_rows)
        assert found.equals(rows)
        assert [column.null_count for column in found.columns] == [column.null_count for column in rows.columns]


def test_no_rows_are_a_message_too() -> None:
    assert read(BATCH, 5, 5).num_rows == 0
    assert read(BATCH.slice(0, 0), 0, 0).schema == BATCH.schema


def test_large_buffers_are_not_copied() -> None:
    array = na.c_array(pa.record_batch({"x": list(range(1000))}))
    assert any(isinstance(piece, memoryview) and len(piece) == 8 * 500 for piece in pieces(array, 300, 800))
