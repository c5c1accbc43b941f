"""Numbers of variable length, as Protocol Buffers write them: https://protobuf.dev/programming-guides/encoding/"""


def varint(number: int) -> bytes:
    """A number in groups of seven bits, the lowest first; all but the last have the highest bit set."""
    groups = bytearray()
    while number > 0x7F:
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    groups.append(number)
    return bytes(groups)
