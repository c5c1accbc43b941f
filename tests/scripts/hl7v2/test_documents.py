"""Messages in files: whatever separates lines and messages there."""

import base64
import gzip
import json
from pathlib import Path

import pytest

from emulator.mllp.frames import wrap
from scripts.documents import find_documents
from scripts.hl7v2.documents import SORT, Found, messages_in, split
from tests.scripts.hl7v2.messages import order, result


def sent(message: str) -> bytes:
    """A message as it is sent: every segment ends with a carriage return (HL7 v2.5, 2.5.2)."""
    return message.replace("\n", "\r").encode()


def found(path: Path) -> list[Found]:
    (document,) = find_documents([str(path)], SORT, lambda: pytest.fail("no bucket was named"))
    return list(messages_in(document))


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_lines_may_end_in_any_way(end: str) -> None:
    text = (order(1) + result(1)).replace("\n", end)
    assert split(text.encode()) == [sent(order(1)), sent(result(1))]


def test_frames_and_the_segments_of_a_batch_are_taken_apart() -> None:
    batch = f"FHS|^~\\&|A\rBHS|^~\\&|A\r{order(1)}{order(2)}BTS|2\rFTS|1\r".replace("\n", "\r").encode()
    assert split(batch) == [sent(order(1)), sent(order(2))]
    assert split(wrap(sent(order(1))) + b"\n" + wrap(sent(order(2)))) == [sent(order(1)), sent(order(2))]


def test_a_line_end_of_another_kind_inside_a_value_stays() -> None:
    raw = sent(order(1)).replace(b"JANE", b"JA\nNE")
    assert split(raw) == [raw]


def test_a_file_of_several_messages_names_each(tmp_path: Path) -> None:
    file = tmp_path / "two.hl7.gz"
    file.write_bytes(gzip.compress((order(1) + order(2)).encode()))
    assert [each.label.rpartition("/")[2] for each in found(file)] == [
        "two.hl7.gz, message 1",
        "two.hl7.gz, message 2",
    ]


def test_an_export_gives_the_bytes_of_its_messages(tmp_path: Path) -> None:
    file = tmp_path / "exported.ndjson"
    lines = [json.dumps({"name": "x", "data": base64.b64encode(sent(order(1))).decode()}), '{"name": "y"}', "{"]
    file.write_text("\n".join(lines))
    good, without, broken = found(file)
    assert good.raw == sent(order(1))
    assert "line 2" in without.label
    assert "not the JSON of a message" in without.problem
    assert "line 3" in broken.label
    assert "not the JSON of a message" in broken.problem


def test_a_file_without_a_message_says_so(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("Nothing of HL7.\n")
    (tmp_path / "cut.hl7.gz").write_bytes(gzip.compress(order(1).encode())[:-12])
    (none,) = found(tmp_path / "notes.txt")
    assert none.problem == "no line begins with MSH: it holds no message"
    (cut,) = found(tmp_path / "cut.hl7.gz")
    assert cut.problem == "the file cannot be read to its end"
