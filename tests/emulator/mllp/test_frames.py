"""MLLP's frames: whatever the pieces they arrive in, and whatever stands between them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.mllp.frames import FrameError, Frames, wrap

MESSAGES = st.lists(st.binary().filter(lambda each: b"\x1c" not in each), max_size=5)
RUBBISH = st.binary(max_size=8).filter(lambda each: b"\x0b" not in each)


def test_a_frame_is_a_start_block_the_message_an_end_block_and_a_carriage_return() -> None:
    # HL7 v2.5.1 appendix C.2: <SB> 0x0B, dddd, <EB> 0x1C, <CR> 0x0D.
    assert wrap(b"MSH|") == b"\x0bMSH|\x1c\r"


@given(MESSAGES, RUBBISH, st.integers(1, 20))
def test_messages_come_out_whole_whatever_the_pieces_and_the_rubbish_between(
    messages: list[bytes], rubbish: bytes, size: int
) -> None:
    stream = b"".join(rubbish + wrap(message) for message in messages)
    frames = Frames()
    found = [one for at in range(0, len(stream), size) for one in frames.feed(stream[at : at + size])]
    assert found == messages
    assert frames.dropped == len(rubbish) * len(messages)
    assert not frames.unfinished


def test_a_half_frame_is_no_message() -> None:
    frames = Frames()
    assert frames.feed(b"\x0bMSH|^~\\&|half") == []
    assert frames.unfinished
    assert frames.feed(b"\x1c") == []
    assert frames.feed(b"\r") == [b"MSH|^~\\&|half"]


def test_an_end_block_without_its_carriage_return_is_refused() -> None:
    with pytest.raises(FrameError, match="carriage return"):
        Frames().feed(b"\x0bMSH|\x1cX")


@pytest.mark.parametrize("stream", [b"\x0b12345", b"\x0b12345\x1c\r"])
def test_a_message_beyond_the_limit_is_refused_before_it_has_ended(stream: bytes) -> None:
    assert Frames(5).feed(b"\x0b12345\x1c\r") == [b"12345"]
    with pytest.raises(FrameError, match="longer than 4 bytes"):
        Frames(4).feed(stream)
