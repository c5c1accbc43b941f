"""ParsedData beside an evaluator that follows Google's description level by level, as slowly as it reads."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.hl7v2.layouts import LAYOUTS
from emulator.hl7v2.message import Message
from emulator.hl7v2.parsed import V1, V2, V3, parsed_data
from tests.emulator.hl7v2.samples import ADMISSION, RESULT

Named = tuple[str, str]
FEWEST, USUAL, TRUNCATED, OTHERS, NOT_ASCII = "|^~", "|^~\\&", "|^~\\&#", "*:;!%", "§¤~\\&"


@dataclass(frozen=True)
class Evaluator:
    """Names each value by its place; `delimiters` are MSH-1 and MSH-2."""

    delimiters: str
    version: str

    def segment(self, text: str) -> tuple[str, dict[str, str]]:
        """A segment's id and its fields."""
        fields = text.split(self.delimiters[0])
        if fields[0] == "MSH":
            names = ["MSH", *fields[1:2]] if self.version == V1 else ["MSH", self.delimiters[0], *fields[1:2]]
            named = list(enumerate(names))
            parts = [(str(number), value) for number, value in named]
            parts += [
                part for number, field in enumerate(fields[2:], len(named)) for part in self._field(number, field)
            ]
        else:
            parts = [part for number, field in enumerate(fields) for part in self._field(number, field)]
        return fields[0], {key: self._plain(value) for key, value in parts if value}

    def _field(self, number: int, field: str) -> Iterator[Named]:
        repetitions = field.split(self.delimiters[2])
        for place, repetition in enumerate(repetitions):
            yield from self._repetition(f"{number}[{place}]" if len(repetitions) > 1 else str(number), repetition)

    def _repetition(self, name: str, text: str) -> Iterator[Named]:
        components = [self._subcomponents(each) for each in text.split(self.delimiters[1])]
        if len(components) == len(components[0]) == 1:
            yield name, text
            return
        for number, below in enumerate(components, 1):
            for deeper, value in enumerate(below, 1):
                yield f"{name}.{number}.{deeper}" if len(below) > 1 else f"{name}.{number}", value

    def _subcomponents(self, text: str) -> list[str]:
        return text.split(self.delimiters[4]) if len(self.delimiters) > 4 else [text]

    def _plain(self, value: str) -> str:
        """A value in which the parser V3 has put delimiters in the place of sequences, read from the left."""
        letters = dict(zip("FSRETP", self.delimiters, strict=False))
        if self.version != V3 or len(self.delimiters) < 4:
            return value
        escape, plain, at = self.delimiters[3], "", 0
        while at < len(value):
            end = value.find(escape, at + 1)
            inside = value[at + 1 : end] if value[at] == escape and end > 0 else ""
            is_sequence = (len(inside) == 1 and inside in "FSRETPHN") or inside[:1] in set(".CMXZ")
            after = end + 1 if is_sequence else at + 1
            plain += letters.get(inside) or value[at:after]
            at = after
        return plain


def agrees(lines: list[str], delimiters: str, version: str, terminator: str = "\r") -> bool:
    """Whether the parser says of a message what the evaluator says, in the same order."""
    message = Message.parse(terminator.join(lines).encode(), terminator.encode(), allow_null_header=True)
    evaluator = Evaluator(delimiters, version)
    parsed = [(each["segmentId"], list(each["fields"].items())) for each in parsed_data(message, version)["segments"]]
    return parsed == [(name, list(fields.items())) for name, fields in map(evaluator.segment, filter(None, lines))]


def segments(delimiters: str) -> st.SearchStrategy[str]:
    """Segments that have more delimiters than values, later headers, escape sequences and odd characters among them."""
    field, escape = delimiters[0], delimiters[3:4]
    sequences = [f"{escape}{letter}{escape}" for letter in [*"FSRETPHG", ".br", "X0D"]]
    texts = st.lists(st.sampled_from([*delimiters[:3] * 3, *delimiters, *sequences, *"FXx1 é\x0b\n"]), max_size=24)
    return st.builds(
        lambda name, text: f"{name}{field}{''.join(text)}", st.sampled_from(["PID", "OBX", "ZZ1", "MSH"]), texts
    )


@settings(max_examples=int(os.environ.get("PARSED_MESSAGES", "150")))
@given(data=st.data())
def test_any_message_is_read_as_described(data: st.DataObject) -> None:
    """PARSED_MESSAGES is how many are read."""
    delimiters = data.draw(st.sampled_from([FEWEST, USUAL, TRUNCATED, OTHERS, NOT_ASCII]))
    version = data.draw(st.sampled_from([V1, V2, V3]))
    lines = data.draw(st.lists(segments(delimiters), max_size=4))
    header = f"MSH{delimiters}{delimiters[0]}{data.draw(st.sampled_from(['A', '', 'A^B~C']))}"
    assert agrees([header, *lines], delimiters, version)


@settings(max_examples=30)
@given(lines=st.lists(segments(USUAL).filter(lambda line: line[:3] != "MSH"), min_size=1, max_size=3))
def test_segments_without_a_header_have_the_usual_delimiters(lines: list[str]) -> None:
    assert agrees(lines, USUAL, V3)


@pytest.mark.parametrize("version", [V1, V3])
@pytest.mark.parametrize("raw", [ADMISSION, RESULT])
@pytest.mark.parametrize(("terminator", "end"), [("\r", ""), ("\r\n", ""), ("\n", ""), ("\n", "\r")])
def test_terminators_are_the_stores(version: str, raw: bytes, terminator: str, end: str) -> None:
    lines = [line + end for line in raw.decode().split("\r")[:-1]]
    assert agrees(lines, USUAL, version, terminator)


@pytest.mark.parametrize("long", ["^" * 300, "|" * 1000, "a~" * 90, "a&b^" * 70])
def test_long_segments_are_read_and_not_kept(long: str) -> None:
    assert agrees(["MSH|^~\\&|A", f"ZZZ|x|{long}x"], USUAL, V2)
    assert all(len(shape) < 128 for shape in LAYOUTS)


def test_shapes_that_are_kept_are_bounded() -> None:
    for number in range(5000):
        shape = f"{number:013b}".replace("0", "|").replace("1", "^").encode()
        assert len(LAYOUTS[shape]) == 14
    assert len(LAYOUTS) <= 4096
