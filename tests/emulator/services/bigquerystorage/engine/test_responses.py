"""Messages of rows, as the classes of Google's client read them."""

import pytest
from google.cloud.bigquery_storage_v1 import types

from emulator.services.bigquery.process.parts import Piece
from emulator.services.bigquerystorage.engine.responses import response
from emulator.varint import varint


@pytest.mark.parametrize("size", [0, 1, 127, 128, 300_000])
@pytest.mark.parametrize("form", ["ARROW", "AVRO"])
def test_a_message_is_what_its_class_reads(form: str, size: int) -> None:
    rows: list[Piece] = [b"a" * size, memoryview(b"bc")]
    found = types.ReadRowsResponse.deserialize(b"".join(response(form, rows, 1000, (0.25, 0.75))))
    expected = types.ReadRowsResponse(
        row_count=1000,
        stats=types.StreamStats(progress=types.StreamStats.Progress(at_response_start=0.25, at_response_end=0.75)),
        uncompressed_byte_size=-1,
    )
    if form == "ARROW":
        expected.arrow_record_batch.serialized_record_batch = b"".join(rows)
    else:
        expected.avro_rows.serialized_binary_rows = b"".join(rows)
    assert found == expected


def test_numbers_have_seven_bits_a_byte() -> None:
    assert [varint(number) for number in (0, 127, 128, 300)] == [b"\0", b"\x7f", b"\x80\x01", b"\xac\x02"]
