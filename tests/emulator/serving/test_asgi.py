"""What the application reads of a request."""

from urllib.parse import parse_qsl, quote

import pytest

from emulator.serving.asgi import pairs


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
