"""What the application reads of a request."""

from pathlib import Path
from urllib.parse import parse_qsl, quote

import pytest

from emulator.serving.asgi import host, pairs
from emulator.settings import Settings


@pytest.mark.parametrize(
    "query",
    [
        "a=1&b=&c&=d&&e=f=g",
        "name=" + quote("".join(map(chr, range(128)))),
        "name=" + quote("Zo\u00eb \U0001f642"),
        "a%7cb=c%2Bd+e&f=%e2%82%ac",
        "a=%&b=%2&c=%zz&d=%25zz&e=%c3&f=\u00e9",
    ],
)
def test_a_query_is_read_as_python_reads_it(query: str) -> None:
    assert pairs(query) == parse_qsl(query, keep_blank_values=True)


@pytest.mark.parametrize(
    ("named", "scheme", "port", "address"),
    [
        ("localhost:9470", "http", 9470, "localhost:9470"),
        ("localhost", "http", 9470, "localhost:9470"),
        ("localhost", "https", 9472, "localhost:9472"),
        ("healthcare.googleapis.com", "https", 443, "healthcare.googleapis.com"),  # as clients call Google
        ("healthcare.googleapis.com", "http", 80, "healthcare.googleapis.com"),
        ("healthcare.googleapis.com:443", "https", 443, "healthcare.googleapis.com:443"),
        ("", "http", 9470, "127.0.0.1:9470"),
    ],
)
def test_addresses_in_answers_are_of_the_host_that_was_called(
    tmp_path: Path, named: str, scheme: str, port: int, address: str
) -> None:
    settings = Settings(tmp_path, port=port, tls_port=port)
    assert host({"host": named} if named else {}, scheme, settings) == address
