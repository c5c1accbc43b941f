"""Values as Terraform sends them; the bytes are those of MessagePack's specification."""

import pytest

from emulator.provider.terraform.packing import pack, unpack
from emulator.provider.values import UNKNOWN

VALUES = [
    *(None, True, False, 0, 127, -32, -33, 128, 65_536, 2**40, -(2**40), 0.5, "", "é", "x" * 300, [], [1, [2]]),
    *({}, {"a": {"b": [None, UNKNOWN]}}, {str(n): n for n in range(40)}),
]


@pytest.mark.parametrize("value", VALUES)
def test_what_is_packed_is_unpacked(value: object) -> None:
    assert unpack(pack(value)) == value


@pytest.mark.parametrize(
    ("data", "value"),
    [
        ("c0", None),
        ("82a161c3a16293010203", {"a": True, "b": [1, 2, 3]}),
        ("ff", -1),
        ("cd0100", 256),
        ("d1fedc", -292),
        ("cb3fe0000000000000", 0.5),
        ("ca3f000000", 0.5),
        ("d903616263", "abc"),
        ("da0003616263", "abc"),
        ("dc0001a0", [""]),
        ("de0001a161c2", {"a": False}),
        ("d40000", UNKNOWN),
        ("c7020c81c0", UNKNOWN),
    ],
)
def test_every_form_is_read(data: str, value: object) -> None:
    assert unpack(bytes.fromhex(data)) == value


@pytest.mark.parametrize("data", ["", "a5616263", "92c0", "c1", "cd01", "c0c0"])
def test_bytes_that_are_no_value_are_refused(data: str) -> None:
    with pytest.raises(ValueError, match="no value of MessagePack"):
        unpack(bytes.fromhex(data))
