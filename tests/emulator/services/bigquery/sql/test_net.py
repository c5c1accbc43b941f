"""NET.*: the examples of the reference.

https://cloud.google.com/bigquery/docs/reference/standard-sql/net_functions
"""

import pytest

from emulator.services.bigquery.sql.errors import SqlError
from tests.emulator.services.bigquery.sql.warehouse import SmallWarehouse

MAPPED = r"b'\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xc0\x00\x02\x80'"


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("", None),
        ("http://abc.xyz", "abc.xyz"),
        ("//user:password@a.b:80/path?query", "a.b"),
        ("https://[::1]:80", "[::1]"),
        ("http://例子.卷筒纸.中国", "例子.卷筒纸.中国"),
        ("    www.Example.Co.UK    ", "www.Example.Co.UK"),
        ("mailto:?to=&subject=&body=", "mailto"),
    ],
)
def test_host(warehouse: SmallWarehouse, url: str, host: str | None) -> None:
    assert warehouse.run(f"SELECT NET.HOST('{url}') AS x") == (["x STRING"], [[host]])


@pytest.mark.parametrize(
    "condition",
    [
        "NET.IP_FROM_STRING('48.49.50.51') = b'0123'",
        "NET.IP_FROM_STRING('3031:3233:3435:3637:3839:4041:4243:4445') = b'0123456789@ABCDE'",
        f"NET.IP_FROM_STRING('::ffff:192.0.2.128') = {MAPPED}",
        f"NET.IP_TO_STRING({MAPPED}) = '::ffff:192.0.2.128'",
        "NET.IP_TO_STRING(b'0123456789@ABCDE') = '3031:3233:3435:3637:3839:4041:4243:4445'",
        "NET.SAFE_IP_FROM_STRING('48.49.50.51') = b'0123'",
        "NET.SAFE_IP_FROM_STRING('48.49.50.51/32') IS NULL",
        "NET.SAFE_IP_FROM_STRING(NULL) IS NULL",
        "SAFE.NET.IP_FROM_STRING('::wxyz') IS NULL",
        "SAFE.NET.IP_TO_STRING(b'x') IS NULL",
        r"NET.IP_NET_MASK(4, 0) = b'\x00\x00\x00\x00'",
        r"NET.IP_NET_MASK(4, 20) = b'\xff\xff\xf0\x00'",
        r"NET.IP_NET_MASK(4, 32) = b'\xff\xff\xff\xff'",
        r"TO_HEX(NET.IP_NET_MASK(16, 1)) = CONCAT('80', REPEAT('0', 30))",
        r"NET.IP_TRUNC(b'\xaa\xbb\xcc\xdd', 0) = b'\x00\x00\x00\x00'",
        r"NET.IP_TRUNC(b'\xaa\xbb\xcc\xdd', 11) = b'\xaa\xa0\x00\x00'",
        r"NET.IP_TRUNC(b'\xaa\xbb\xcc\xdd', 24) = b'\xaa\xbb\xcc\x00'",
        r"NET.IP_TRUNC(b'0123456789@ABCDE', 80) = b'0123456789\x00\x00\x00\x00\x00\x00'",
        r"NET.IPV4_FROM_INT64(0x00ABCDEF) = b'\x00\xab\xcd\xef'",
        r"NET.IPV4_FROM_INT64(-1) = b'\xff\xff\xff\xff'",
        r"NET.IPV4_FROM_INT64(-2) = b'\xff\xff\xff\xfe'",
        r"NET.IPV4_TO_INT64(b'\xff\xff\xff\xff') = 0xFFFFFFFF",
    ],
)
def test_addresses(warehouse: SmallWarehouse, condition: str) -> None:
    assert warehouse.run(f"SELECT {condition} AS x") == (["x BOOL"], [["true"]])


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("NET.IP_FROM_STRING('::wxyz')", "Invalid IP address: ::wxyz"),
        ("NET.IP_TO_STRING(b'x')", "must be either 4 or 16 bytes; got 1"),
        ("NET.IP_NET_MASK(5, 1)", "must be either 4 or 16; got 5"),
        ("NET.IP_NET_MASK(4, 33)", "must be between 0 and 32; got 33"),
        ("NET.IPV4_FROM_INT64(1 << 32)", "out-of-range value: 4294967296"),
        ("NET.IPV4_TO_INT64(b'x')", "must be 4 bytes; got 1"),
        ("NET.IP_FROM_STRING(1)", "No matching signature for function NET.IP_FROM_STRING for argument types: INT64"),
        ("NET.HOST('a', 'b')", "it takes 1 argument, not 2"),
        ("NET.REG_DOMAIN('a.b')", "The function NET.REG_DOMAIN is not emulated"),
        ("NET.NOTHING('a.b')", "Function not found: NET.NOTHING"),
    ],
)
def test_errors(warehouse: SmallWarehouse, expression: str, message: str) -> None:
    with pytest.raises(SqlError, match=message):
        warehouse.run(f"SELECT {expression}")
