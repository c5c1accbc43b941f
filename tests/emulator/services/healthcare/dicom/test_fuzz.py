"""Twenty-five thousand mutated bodies, files and query strings: refused in a sentence or taken, at steady memory."""

import asyncio
import gc
import random
import tracemalloc
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, cast

import httpx
import orjson

from emulator.app import Emulator
from emulator.dicom import native_xml
from emulator.dicom.errors import DicomError, UnsupportedError
from emulator.dicom.header import read_header
from emulator.dicom.media import choose, parse_media_type
from emulator.dicom.multipart import PART_END, closing, part_head
from emulator.errors import ApiError
from emulator.gateway.multipart import MultipartReader
from emulator.services.healthcare.dicom import index
from emulator.services.healthcare.dicom.web import qido
from emulator.serving.asgi import Application
from tests.emulator.conftest import InProcess
from tests.emulator.dicom.files import shipped
from tests.emulator.services.healthcare.instances import instance, made

FILES = 7_000
BODIES = 7_000
QUERIES = 7_000
SEARCHES = 5_000
REQUESTS = 600
GROWTH = 4 << 20

SMALL = ("CT_small.dcm", "MR_small_implicit.dcm", "MR_small_bigendian.dcm", "image_dfl.dcm", "693_J2KR.dcm")
TOKENS = (
    b"\r\n",
    b"--b",
    b"--b--",
    b"\0",
    b"\xff\xff\xff\xff",
    b"SQ",
    b"UN",
    b"\xfe\xff\x00\xe0",
    b"\xfe\xff\x0d\xe0",
    b"-1",
)
WORDS = (
    "studies", "includefield", "all", "limit", "offset", "fuzzymatching", "true", "PatientName", "StudyDate",
    "00100010", "nan",
    "20200101-20201231", "-", ",", "*", "?", "\\", "%", "'", '"', "é", "山", "\0", "9" * 40, "00100010,0020000D", "-5",
    "Modality", "SOPInstanceUID", "application/dicom", 'multipart/related; type="', "transfer-syntax=*", ";q=", "0.5",
)  # fmt: skip


def mutated(chance: random.Random, data: bytes) -> bytes:
    """Change some bytes: flipped, cut out, doubled, put in, or the end cut off."""
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data) + 1)
        kind = chance.randrange(5)
        if kind == 0 and data:
            at = min(at, len(data) - 1)
            data = data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]
        elif kind == 1:
            data = data[:at] + data[at + chance.randint(1, 40) :]
        elif kind == 2:
            data = data[:at] + data[at : at + chance.randint(1, 40)] + data[at:]
        elif kind == 3:
            data = data[:at] + chance.choice(TOKENS) + data[at:]
        else:
            data = data[:at] if chance.random() < 0.3 else data
    return data


def text(chance: random.Random) -> str:
    return "".join(chance.choice(WORDS) for _ in range(chance.randint(0, 4)))


def steady(cases: Iterator[Callable[[], object]]) -> int:
    """Run the cases; each ends with nothing or a refusal in a sentence, and memory does not grow."""
    done = 0
    before = 0
    for case in cases:
        refusal = ""
        try:
            case()
        except (DicomError, UnsupportedError, ApiError) as problem:
            refusal = str(problem)
        assert not refusal or refusal.endswith("."), refusal
        done += 1
        if done == 500:
            gc.collect()
            tracemalloc.start()
            before = tracemalloc.get_traced_memory()[0]
        if done == 1_500:
            gc.collect()
            grown = tracemalloc.get_traced_memory()[0] - before
            tracemalloc.stop()
            assert grown < GROWTH, f"{grown} bytes more after 1,000 cases"
    return done


def small_files() -> list[bytes]:
    return [made(), *(shipped(name).read_bytes()[:6000] for name in SMALL)]


def test_files() -> None:
    chance = random.Random(1)  # noqa: S311 (not for secrets)
    files = small_files()

    def read(data: bytes) -> None:
        header = read_header(data)
        index.prepare(header)
        assert native_xml.from_xml(native_xml.to_xml(header.elements)).keys() == header.elements.keys()

    def cases() -> Iterator[Callable[[], object]]:
        for _ in range(FILES):
            data = mutated(chance, chance.choice(files))
            yield partial(read, data)

    assert steady(cases()) == FILES


def test_multipart_bodies() -> None:
    chance = random.Random(2)  # noqa: S311 (not for secrets)
    film = made()
    body = b"".join(part_head("b", "application/dicom") + film + PART_END for _ in range(2)) + closing("b")

    def read(data: bytes) -> None:
        reader = MultipartReader("b")
        parts = 0
        for at in range(0, len(data), 97):
            parts += sum(1 for _ in reader.feed(data[at : at + 97]))
        reader.close()

    def cases() -> Iterator[Callable[[], object]]:
        for _ in range(BODIES):
            data = mutated(chance, body)
            yield partial(read, data)

    assert steady(cases()) == BODIES


def test_queries_and_headers() -> None:
    chance = random.Random(3)  # noqa: S311 (not for secrets)
    from emulator.dicom.media import Offer

    offers = (Offer("application/dicom", multipart=True, syntaxes=("1.2.840.10008.1.2.1", "*")),)

    def read(parameters: list[tuple[str, str]], header: str) -> None:
        choose(header, offers)
        parse_media_type(header)
        qido.parse(chance.choice(("study", "series", "instance")), parameters)

    def cases() -> Iterator[Callable[[], object]]:
        for _ in range(QUERIES):
            parameters = [(text(chance), text(chance)) for _ in range(chance.randint(0, 3))]
            header = ",".join(text(chance) for _ in range(chance.randint(0, 3)))
            yield partial(read, parameters, header)

    assert steady(cases()) == QUERIES


def requests_of(chance: random.Random, root: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Give mutated requests: stores, updates, patches, searches, retrievals."""
    files = small_files()
    metadata = orjson.dumps([instance().to_json_dict() | {"00020010": {"vr": "UI", "Value": ["1.2.840.10008.1.2.1"]}}])
    whole = b"".join(part_head("b", "application/dicom") + made(uid=str(n)) + PART_END for n in (1, 2)) + closing("b")
    as_json = part_head("b", "application/dicom+json") + metadata + PART_END + closing("b")
    patch = orjson.dumps([{"op": "replace", "path": "/00100020/Value/0", "value": "x"}])
    one = "studies/1.2.1/series/1.2.1.1/instances/1"
    paths = (
        one,
        f"{one}/metadata",
        f"{one}/frames/1",
        f"{one}/bulkdata/7FE00010",
        "studies/1.2.1",
        "studies",
        "instances",
    )
    for _ in range(REQUESTS):
        kind = chance.randrange(6)
        dicom = {"content-type": "application/dicom"}
        if kind == 0:
            yield "POST", f"{root}/studies", {"content": mutated(chance, chance.choice(files)), "headers": dicom}
        elif kind == 1:
            related = {"content-type": 'multipart/related; type="application/dicom"; boundary=b'}
            yield "POST", f"{root}/studies", {"content": mutated(chance, whole), "headers": related}
        elif kind == 2:
            related = {"content-type": 'multipart/related; type="application/dicom+json"; boundary=b'}
            yield "POST", f"{root}/studies", {"content": mutated(chance, as_json), "headers": related}
        elif kind == 3:
            yield "PATCH", f"{root}/{one}/metadata", {"content": mutated(chance, patch)[:2000]}
        else:
            headers = {"accept": text(chance).encode(), "range": text(chance).encode(), "if-none-match": b'"x"'}
            path = chance.choice(paths) if kind == 4 else mutated(chance, chance.choice(paths).encode()).hex(" ")
            path = path if kind == 4 else "".join(f"%{byte}" for byte in path.split())
            parameters = [(text(chance), text(chance)) for _ in range(chance.randint(0, 2))]
            headers = {name: value.replace(b"\0", b"") for name, value in headers.items()}
            yield "GET", f"{root}/{path}", {"headers": headers, "params": parameters}


def test_requests_through_the_application(in_process: InProcess) -> None:
    in_process.run(_ask_all(random.Random(4), in_process.emulator))  # noqa: S311 (not for secrets)


async def _ask_all(chance: random.Random, emulator: Emulator) -> None:
    token = (emulator.settings.state / "owner-token").read_text().strip()
    headers = {"authorization": f"Bearer {token}"}
    transport = httpx.ASGITransport(app=cast("Any", Application(emulator)))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers) as client:
        parent = f"/v1beta1/projects/{emulator.settings.project}/locations/us-central1/datasets"
        await client.post(f"{parent}?datasetId=d", json={})
        assert (await client.post(f"{parent}/d/dicomStores?dicomStoreId=s", json={})).status_code == 200
        root = f"{parent}/d/dicomStores/s/dicomWeb"
        await client.post(f"{root}/studies", content=made(uid="1"), headers={"content-type": "application/dicom"})
        seen = set()
        for method, url, request in requests_of(chance, root):
            answer = await asyncio.wait_for(client.request(method, url, **request), 30)
            assert answer.status_code < 500, (method, url, request, answer.text)
            seen.add(answer.status_code)
        assert {200, 400, 404, 406, 409} <= seen


QUERIES_TO_MUTATE = (
    b"PatientName=Do&fuzzymatching=true&includefield=all",
    b"PatientID=P1&StudyDate=20200101-20201231&limit=10&offset=0",
    b"00100010=Doe%5EJane&includefield=00081030,StudyID&includefield=SeriesNumber",
    b"StudyInstanceUID=1.2.1&SeriesInstanceUID=1.2.1.1&Modality=DX",
    b"ReferringPhysicianName=House%5EGregory&AccessionNumber=A1&SOPInstanceUID=1",
    b"viewport=8,6,0,0,8,6&fields=a(b,c)&alt=json&%24.xgafv=1&prettyPrint=true",
)
QUERY_TOKENS = (
    b"&",
    b"=",
    b"%",
    b"%00",
    b"%FF",
    b"%C3%A9",
    b"+",
    b",",
    b"*",
    b"-",
    b"9" * 30,
    b";",
    b"'",
    b"\xe9",
    b"(",
)
SEARCHED = ("studies", "series", "instances", "studies/1.2.1/series", "studies/1.2.1/series/1.2.1.1/instances")
ASKED = (*SEARCHED, "studies/1.2.1/metadata", "studies/1.2.1/series/1.2.1.1/instances/1/rendered")


def test_query_strings_through_the_application(in_process: InProcess) -> None:
    """The bytes of a query as they are on the wire, which no client would write."""
    in_process.run(_search_all(random.Random(5), in_process.emulator))  # noqa: S311 (not for secrets)


async def _search_all(chance: random.Random, emulator: Emulator) -> None:
    root = await _filled_store(emulator)
    seen: dict[int, int] = {}
    before = 0
    for number in range(SEARCHES):
        query = chance.choice(QUERIES_TO_MUTATE)
        for _ in range(chance.randint(0, 3)):
            at = chance.randrange(len(query) + 1)
            cut = chance.choice((0, 0, 1, 5))
            query = query[:at] + chance.choice((b"", *QUERY_TOKENS)) + query[at + cut :]
        status, body = await _answer(emulator, f"{root}/{chance.choice(ASKED)}", query)
        assert status in (200, 204, 400), (status, query, body)
        assert status != 400 or orjson.loads(body)["error"]["message"].endswith("."), (query, body)
        seen[status] = seen.get(status, 0) + 1
        if number == SEARCHES // 5:
            gc.collect()
            tracemalloc.start()
            before = tracemalloc.get_traced_memory()[0]
        if number == SEARCHES // 2:
            gc.collect()
            grown = tracemalloc.get_traced_memory()[0] - before
            tracemalloc.stop()
            assert grown < GROWTH, f"{grown} bytes more"
    assert min(seen.get(status, 0) for status in (200, 204, 400)) > SEARCHES // 50, seen


async def _filled_store(emulator: Emulator) -> str:
    """Make a store with one film; give the path of its DICOMweb service."""
    parent = f"/v1/projects/{emulator.settings.project}/locations/us-central1/datasets"
    await _answer(emulator, parent, b"datasetId=q", "POST", b"{}")
    assert (await _answer(emulator, f"{parent}/q/dicomStores", b"dicomStoreId=s", "POST", b"{}"))[0] == 200
    root = f"{parent}/q/dicomStores/s/dicomWeb"
    stored = await _answer(emulator, f"{root}/studies", b"", "POST", made(uid="1"), b"application/dicom")
    assert stored[0] == 200
    return root


async def _answer(
    emulator: Emulator, path: str, query: bytes, method: str = "GET", body: bytes = b"", kind: bytes = b"text/plain"
) -> tuple[int, bytes]:
    """Send one request to the application, as the server would; give status and body."""
    token = emulator.authenticator.owner_token.encode()
    headers = [(b"host", b"127.0.0.1:1"), (b"authorization", b"Bearer " + token), (b"content-type", kind)]
    scope = {
        "type": "http",
        "method": method,
        "scheme": "http",
        "raw_path": path.encode(),
        "query_string": query,
        "headers": headers,
    }
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await asyncio.wait_for(Application(emulator)(scope, receive, send), 30)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])
