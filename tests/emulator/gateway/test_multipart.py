import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.dicom.multipart import PART_END, closing, part_head
from emulator.errors import ApiError
from emulator.gateway.multipart import PartData, PartStart, RelatedBody, boundary_of, events, parts

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
    with pytest.raises(ApiError, match="truncated"):
        read(body, "b", 2)


def test_endless_headers_are_refused() -> None:
    with pytest.raises(ApiError, match="longer than"):
        read(b"--b\r\n" + b"a: b\r\n" * 10_000, "b", 100)


def test_a_boundary_is_needed() -> None:
    with pytest.raises(ApiError, match="boundary"):
        read(b"", "")


@given(contents=st.lists(content, min_size=1, max_size=4), cut=st.integers(1, 40))
def test_lines_may_end_with_lf_alone(contents: list[bytes], cut: int) -> None:
    """As gsutil writes them; what ends a part is then a boundary after LF."""
    contents = [c.replace(b"\r", b"") for c in contents]
    contents = [c for c in contents if b"\n--bo\n" not in c and not c.endswith(b"\n--bo") and b"\n--bo--" not in c]
    lines = b"".join(b"--bo\nContent-Type: a/b\n\n" + c + b"\n" for c in contents) + b"--bo--\n"
    assert read(lines, "bo", cut) == [("a/b", c) for c in contents]


def test_cr_before_a_boundary_after_lf_is_content() -> None:
    assert read(b"--b\n\nx\r\n--b--\n", "b", 2) == [("", b"x\r")]
    assert read(b"--b\r\n\r\nx\n--b\r\n--b--\n", "b", 2) == [("", b"x\n--b")]


def test_parts_of_a_whole_body() -> None:
    body = b"--b\r\nA: 1\r\n\r\none\r\n--b\r\n\r\n\r\n--b--"
    assert list(parts(body, "b")) == [({"a": "1"}, b"one"), ({}, b"")]


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ("multipart/related; boundary=mark", "mark"),
        ('multipart/related; type="application/dicom"; Boundary="a mark; and more"', "a mark; and more"),
        ("multipart/related;boundary='===============4788369468781760153=='", "===============4788369468781760153=="),
        ("multipart/related; boundary=it's", "it's"),
        ("multipart/related; boundary=", ""),
        ("multipart/related", ""),
    ],
)
def test_the_boundary_of_a_content_type(content_type: str, boundary: str) -> None:
    """In single quotes, too, as apitools (gsutil) writes it."""
    assert boundary_of(content_type) == boundary


def related(body: bytes, limit: int = 100) -> tuple[bytes, str | None, bytes]:
    async def run() -> tuple[bytes, str | None, bytes]:
        async def chunks() -> AsyncIterator[bytes]:
            for at in range(0, len(body), 3):
                yield body[at : at + 3]

        upload = RelatedBody("multipart/related; boundary=b", chunks(), limit)
        first = await upload.open()
        return first, upload.media_type, b"".join([piece async for piece in upload.media()])

    return asyncio.run(run())


def test_an_upload_of_two_parts() -> None:
    assert related(b"--b\r\n\r\n{}\r\n--b\r\nContent-Type: t/x\r\n\r\nhello\r\n--b--") == (b"{}", "t/x", b"hello")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"--b\r\n\r\n{}\r\n--b--", "two parts"),
        (b"--b\r\n\r\n" + bytes(101) + b"\r\n--b\r\n\r\n\r\n--b--", "limited to 100 bytes"),
        (b"--b\r\n\r\n{}\r\n--b\r\n\r\nhel", "truncated"),
    ],
)
def test_an_upload_that_is_malformed(body: bytes, why: str) -> None:
    with pytest.raises(ApiError, match=why):
        related(body)
