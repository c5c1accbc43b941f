"""FARM_FINGERPRINT: the reference's examples, and a value for each way that the hash takes.

https://cloud.google.com/bigquery/docs/reference/standard-sql/hash_functions#farm_fingerprint; the others were computed
with Google's C++ (PyPI: pyfarmhash 0.5.1, fingerprint64).
"""

import pytest

from emulator.services.bigquery.sql.scalars.fingerprint import fingerprint


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1footrue", -1541654101129638711), ("2applefalse", 2794438866806483259), ("3true", -4880158226897771312)],
)
def test_examples(text: str, expected: int) -> None:
    assert fingerprint(text.encode()) == expected


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (0, -7286425919675154353), (3, -7736835464683084646), (4, -9025216361070533312), (7, -6710152398449367391),
        (8, -5955425696247891048), (16, 1080060857502750420), (17, -4920561954712641764), (32, 1917831512995979081),
        (33, -1696327906013916594), (64, -755192159902184373), (65, -4133415862504178242), (128, 2037963038260878803),
        (200, 525935771297148851),
    ],
)  # fmt: skip
def test_bytes_that_count_up(length: int, expected: int) -> None:
    assert fingerprint(bytes(range(length))) == expected
