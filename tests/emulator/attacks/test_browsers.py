"""Pages of other origins and other ports, and names that lead here: none acts as whoever has the browser."""

import http.client
import json

import pytest

from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE

TOPIC = "/v1/projects/test-project/topics/browsers"
OWNERS = (
    *("GET /_emulator/requests", "GET /_emulator/denials", "GET /_emulator/clock", "POST /_emulator/reset"),
    *("POST /_emulator/faults", "POST /_emulator/operations", "GET /_emulator/trouble", "POST /_emulator/trouble"),
    *("GET /_emulator/snapshots", "POST /_emulator/snapshots", "POST /_emulator/recording", "POST /_emulator/console"),
    *("POST /_emulator/viewer", "DELETE /_emulator/console", "DELETE /_emulator/viewer", f"PUT {TOPIC}"),
    *("GET /v1/projects/test-project", "GET /storage/v1/b?project=test-project", "POST /batch/storage/v1"),
)
PAGES = {
    "a page of another site": {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
    "a page of another port": {"Origin": "http://localhost:3000", "Sec-Fetch-Site": "same-site"},
    "a page of a file": {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
    "a name that was led here": {"Host": "rebound.example:9470", "Sec-Fetch-Site": "same-origin"},
    "that name in an old browser": {"Host": "rebound.example"},
    "a name that begins as this machine": {"Host": "localhost.evil.example"},
    "an address with a name in it": {"Host": "localhost@evil.example"},
    "a link on another page": {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
}


def ask(
    emulator: RunningEmulator, method: str, path: str, headers: dict[str, str]
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", emulator.port, timeout=PATIENCE)
    try:
        connection.request(method, path, b"{}" if method != "GET" else None, headers)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize("what", OWNERS)
@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_nobody(emulator: RunningEmulator, page: str, what: str) -> None:
    method, path = what.split(" ")
    status, _, body = ask(emulator, method, path, PAGES[page])
    assert status in (400, 401, 403, 404), body
    assert emulator.request("GET", TOPIC)[0] == 404


def test_a_token_works_under_every_name(emulator: RunningEmulator) -> None:
    """In containers the emulator has a name of theirs, and clients bring a token."""
    headers = {"Host": "emulator:9470", "Authorization": f"Bearer {emulator.owner_token}"}
    assert ask(emulator, "GET", f"/v1/projects/{emulator.project}", headers)[0] == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost.evil.example", "http://[", ""])
def test_other_origins_may_not_read(emulator: RunningEmulator, origin: str) -> None:
    for method in ("GET", "OPTIONS"):
        _, headers, _ = ask(emulator, method, "/_emulator/status", {"Origin": origin})
        assert not [name for name in headers if name.startswith("access-control-")]


@pytest.mark.parametrize("path", ["/_emulator/console/", "/_emulator/console?code=x", "/_emulator/viewer?code=x"])
def test_pages_are_in_no_frame_and_of_one_type(emulator: RunningEmulator, path: str) -> None:
    _, headers, _ = ask(emulator, "GET", path, {"Sec-Fetch-Site": "none", "Sec-Fetch-Dest": "document"})
    assert headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["referrer-policy"] in ("no-referrer", "same-origin")
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/v1/projects/<script>", "/_emulator/status", "/storage/v1/b/x", "/token"])
def test_no_answer_is_taken_for_another_type(emulator: RunningEmulator, path: str) -> None:
    assert ask(emulator, "GET", path, {})[1]["x-content-type-options"] == "nosniff"


def test_a_guessed_link_opens_nothing(emulator: RunningEmulator) -> None:
    for path in ("/_emulator/console", "/_emulator/viewer"):
        for code in ("", "0", "a" * 43, "%00", "../owner-token"):
            status, headers, _ = ask(emulator, "GET", f"{path}?code={code}", {"Sec-Fetch-Site": "none"})
            assert (status, "set-cookie" in headers) == (403, False)


@pytest.mark.parametrize("written", ["%0d%0aSet-Cookie:%20a=b", "%0aX:%20y", "%1b[31m", "%00"])
def test_nothing_that_is_sent_becomes_a_header_or_a_line_of_the_log(emulator: RunningEmulator, written: str) -> None:
    """Also where an answer's headers are made of what was sent: the address of an upload, a type, a redirect."""
    bucket = f"{emulator.project}-headers"
    emulator.request("POST", f"/storage/v1/b?project={emulator.project}", {"name": bucket})
    headers = {"Authorization": f"Bearer {emulator.owner_token}", "Content-Type": "application/json"}
    before = emulator.log.read_bytes()
    for method, path in (
        ("POST", f"/upload/storage/v1/b/{bucket}/o?uploadType=resumable&name=x{written}"),
        ("GET", f"/storage/v1/b/{bucket}/o/x?alt=media&response-content-disposition={written}"),
        ("GET", f"/{bucket}/x?response-content-type={written}"),
        ("GET", f"/v1/projects/{written}/topics/{written}"),
        ("GET", f"/_emulator/console/{written}"),
    ):
        status, answered, _ = ask(emulator, method, path, headers)
        assert status < 500
        assert not {"set-cookie", "x"} & set(answered), answered
    assert b"\x1b" not in emulator.log.read_bytes()[len(before) :]


def test_metadata_of_an_object_stays_within_its_header(emulator: RunningEmulator) -> None:
    bucket = f"{emulator.project}-metadata"
    emulator.request("POST", f"/storage/v1/b?project={emulator.project}", {"name": bucket})
    path = f"/storage/v1/b/{bucket}/o"
    said = {"contentType": "a/b\r\nSet-Cookie: a=b", "metadata": {"k": "v\r\nSet-Cookie: a=b", "k\r\nx: y": "z"}}
    part = (
        f"--b\r\nContent-Type: application/json\r\n\r\n{json.dumps({'name': 'x', **said})}\r\n--b\r\n\r\nbytes\r\n--b--"
    )
    connection = http.client.HTTPConnection("127.0.0.1", emulator.port, timeout=PATIENCE)
    headers = {"Authorization": f"Bearer {emulator.owner_token}", "Content-Type": "multipart/related; boundary=b"}
    connection.request("POST", f"/upload{path}?uploadType=multipart", part, headers)
    assert connection.getresponse().status < 500
    connection.close()
    for address in (f"{path}/x?alt=media", f"/{bucket}/x"):
        status, answered, _ = ask(emulator, "GET", address, {"Authorization": f"Bearer {emulator.owner_token}"})
        assert status < 500
        assert "set-cookie" not in answered
