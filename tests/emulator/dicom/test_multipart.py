import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.dicom.errors import DicomError
from emulator.dicom.multipart import PART_END, PartData, PartStart, closing, events, part_head

Parts = list[tuple[str, bytes]]


async def collect(body: bytes, boundary: str, cut: int) -> Parts:
    async def chunks() -> AsyncIterator[bytes]:
        for at in range(0, len(body), cut):
            yield body[at : at + cut]

    parts: Parts = []
    async for event in events(chunks(), boundary):
        if isinstance(event, PartStart):
            parts.append((event.headers.get("content-type", ""), b""))
        elif isinstance(event, PartData):
            kind, data = parts[-1]
            parts[-1] = (kind, data + event.data)
    return parts


def read(body: bytes, boundary: str, cut: int = 1 << 16) -> Parts:
    return asyncio.run(collect(body, boundary, cut))


def build(contents: list[bytes], boundary: str) -> bytes:
    parts = [part_head(boundary, "application/dicom") + content + PART_END for content in contents]
    return b"".join(parts) + closing(boundary)


content = st.one_of(
    st.binary(max_size=60),
    st.lists(st.sampled_from([b"\r", b"\n", b"--", b"\r\n--b", b"\r\n--bo", b"\r\n--boX", b"x"]), max_size=8).map(
        b"".join
    ),
)


@given(contents=st.lists(content, min_size=1, max_size=4), cut=st.integers(1, 40))
def test_parts_come_back_whatever_the_chunks(contents: list[bytes], cut: int) -> None:
    contents = [
        c for c in contents if b"\r\n--bo\r\n" not in c and not c.endswith(b"\r\n--bo") and b"\r\n--bo--" not in c
    ]
    parts = read(build(contents, "bo"), "bo", cut) if contents else []
    assert [data for _, data in parts] == contents


def test_preamble_epilogue_padding_and_lower_case_headers() -> None:
    body = b"to be ignored\r\n--b  \r\ncontent-type: text/plain\r\nX: y\r\n\r\nhello\r\n--b--\r\nand this"
    assert read(body, "b", 1) == [("text/plain", b"hello")]


def test_part_without_headers() -> None:
    assert read(b"--b\r\n\r\nhello\r\n--b--", "b", 3) == [("", b"hello")]


@pytest.mark.parametrize("body", [b"", b"--b\r\n", b"--b\r\nA: b\r\n\r\nhi", b"--b\r\nA: b\r\n\r\nhi\r\n--b", b"none"])
def test_a_body_that_ends_early_is_refused(body: bytes) -> None:
    with pytest.raises(DicomError, match="truncated"):
        read(body, "b", 2)


def test_endless_headers_are_refused() -> None:
    with pytest.raises(DicomError, match="longer than"):
        read(b"--b\r\n" + b"a: b\r\n" * 10_000, "b", 100)


def test_a_boundary_is_needed() -> None:
    with pytest.raises(DicomError, match="boundary"):
        read(b"", "")
