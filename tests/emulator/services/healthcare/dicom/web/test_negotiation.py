"""Every documented Accept of each retrieval, in both forms; what no codec can do is a 400, what is not known a 406."""

from typing import Any

import pytest
import requests

from emulator.dicom import syntaxes
from tests.emulator.services.healthcare.conftest import Store
from tests.emulator.services.healthcare.instances import made
from tests.support.patience import PATIENCE

ONE = "studies/1.2.1/series/1.2.1.1/instances/1.2.1.1.1"
BASE = "1.2.840.10008.1.2"
WRITABLE = {"*", BASE, *(f"{BASE}.{end}" for end in ("1", "1.99", "4.50", "4.80", "4.81", "4.90", "4.91", "5"))}
"""Transfer syntaxes that an 8-bit film can be given in."""
NOT_FOR_16_BITS = {f"{BASE}.4.50"}

ENDS = ("frames/1", "rendered", "metadata", "bulkdata/7FE00010")

DEEP: dict[str, Any] = {
    "BitsAllocated": 16,
    "BitsStored": 16,
    "HighBit": 15,
    "Rows": 16,
    "Columns": 16,
    "PixelData": bytes(512),
}
FLAT: dict[str, Any] = {"Rows": 16, "Columns": 16, "PixelData": bytes(range(256))}


@pytest.mark.parametrize("deep", [False, True], ids=["8 bits", "16 bits"])
def test_instance_in_every_transfer_syntax(store: Store, *, deep: bool) -> None:
    assert store.post(made(**(DEEP if deep else FLAT))).status_code == 200
    for syntax in syntaxes.RETRIEVABLE:
        for accept in (
            f"application/dicom; transfer-syntax={syntax}",
            f'multipart/related; type="application/dicom"; transfer-syntax={syntax}',
        ):
            answer = store.get(ONE, accept)
            possible = syntax in WRITABLE and not (deep and syntax in NOT_FOR_16_BITS)
            if possible:
                assert answer.status_code == 200, (accept, answer.text)
            else:
                assert answer.status_code == 400, accept
                assert answer.json()["error"]["message"].endswith(".")


@pytest.mark.parametrize("media", [*syntaxes.FRAME_TYPES, syntaxes.OCTETS])
def test_frame_in_every_media_type(store: Store, media: str) -> None:
    assert store.post(made(**FLAT)).status_code == 200
    named = [syntax for syntax, found in syntaxes.MEDIA_OF_SYNTAX.items() if found == media] or [syntaxes.EXPLICIT]
    for syntax in named:
        for accept in (
            f"{media}; transfer-syntax={syntax}",
            f'multipart/related; type="{media}"; transfer-syntax={syntax}',
        ):
            answer = store.get(f"{ONE}/frames/1", accept)
            if syntax not in WRITABLE:
                assert answer.status_code == 400, accept
                assert answer.json()["error"]["message"].endswith(".")
                continue
            assert answer.status_code == 200, (accept, answer.text)
            assert (
                f"{media}; transfer-syntax={syntax}".encode()
                in answer.content + answer.headers["content-type"].encode()
            )


@pytest.mark.parametrize(
    ("path", "accept", "content_type"),
    [
        (ONE, "*/*", 'multipart/related; type="application/dicom"'),
        (ONE, "application/*", "application/dicom"),
        (ONE, "multipart/*", 'multipart/related; type="application/dicom"'),
        (ONE, "application/dicom;q=0.2, multipart/related;q=0.1", "application/dicom"),
        (f"{ONE}/frames/1", "*/*", 'multipart/related; type="application/octet-stream"'),
        (f"{ONE}/frames/1", "multipart/related; type=image/*", 'multipart/related; type="image/jpeg"'),
        (f"{ONE}/rendered", "*/*", "image/jpeg"),
        (f"{ONE}/rendered", "image/*", "image/jpeg"),
        (f"{ONE}/rendered", "image/*;q=0.5, image/png", "image/png"),
        (f"{ONE}/rendered", "image/jpeg;q=0, */*", "image/png"),
        (f"{ONE}/metadata", "*/*", "application/dicom+json"),
        (f"{ONE}/metadata", "application/json", "application/dicom+json"),
        (f"{ONE}/metadata", "multipart/related; type=application/dicom+xml", "multipart/related; type="),
        (f"{ONE}/bulkdata/7FE00010", "*/*", 'multipart/related; type="application/octet-stream"'),
        (f"{ONE}/bulkdata/7FE00010", "application/octet-stream", "application/octet-stream"),
        ("studies", "*/*", "application/dicom+json"),
        ("studies/1.2.1", "multipart/related", 'multipart/related; type="application/dicom"'),
    ],
)  # fmt: skip
def test_wildcards_and_qualities(store: Store, path: str, accept: str, content_type: str) -> None:
    assert store.post(made(**FLAT)).status_code == 200
    answer = store.get(path, accept)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith(content_type)


@pytest.mark.parametrize("path", [ONE, *(f"{ONE}/{end}" for end in ENDS), "studies", "studies/1.2.1"])
def test_unknown_types_are_406_that_names_the_known_ones(store: Store, path: str) -> None:
    assert store.post(made(**FLAT)).status_code == 200
    for accept in ("text/html", "image/gif", "*/*;q=0", "multipart/related; type=text/plain"):
        answer = store.get(path, accept)
        assert answer.status_code == 406, accept
        assert "Accept can name" in answer.json()["error"]["message"]


def test_error_of_a_missing_store_names_it(store: Store) -> None:
    answer = requests.get(
        f"{store.url}x/studies".replace("/dicomWebx", "x/dicomWeb"), headers=store.session.headers, timeout=PATIENCE
    )
    assert answer.status_code == 404
