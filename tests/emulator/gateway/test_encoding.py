"""Partial responses."""

from typing import Any

import orjson
import pytest

from emulator.errors import ApiError
from emulator.gateway import encoding

VALUE = {"items": [{"name": "a", "size": "1", "acl": {"x": 1, "y": 2}}, {"name": "b"}], "next": "t", "kind": "k"}


@pytest.mark.parametrize(
    ("mask", "wanted"),
    [
        (None, VALUE),
        ("*", VALUE),
        ("next", {"next": "t"}),
        ("items/name,next", {"items": [{"name": "a"}, {"name": "b"}], "next": "t"}),
        ("items(name,acl/x)", {"items": [{"name": "a", "acl": {"x": 1}}, {"name": "b"}]}),
        ("items/acl(y)", {"items": [{"acl": {"y": 2}}, {}]}),
        ("nothing", {}),
    ],
)
def test_selects_what_the_mask_names(mask: str | None, wanted: Any) -> None:
    assert orjson.loads(encoding.dumps(VALUE, mask)) == wanted


@pytest.mark.parametrize("mask", ["a(b", "a)", "(a)", "a,,b"])
def test_a_mask_that_cannot_be_read_is_refused(mask: str) -> None:
    with pytest.raises(ApiError, match="Invalid field selection"):
        encoding.dumps(VALUE, mask)
