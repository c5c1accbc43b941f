"""How a config that can't be followed is answered."""

from typing import Any

import pytest

from emulator.deidentify.keys import Secret
from emulator.errors import ApiError
from emulator.services.healthcare.deidentify import config

ALL = {"image": {"textRedactionMode": "REDACT_ALL_TEXT"}}


@pytest.mark.parametrize(
    ("given", "code", "status"),
    [
        ({"dicom": {"keepList": {}, "removeList": {}}}, 400, "INVALID_ARGUMENT"),
        (
            {"text": {"additionalTransformations": [{"infoTypes": ["FRANCE_NIR"], "redactConfig": {}}]}},
            501,
            "UNIMPLEMENTED",
        ),
    ],
)
def test_what_can_t_be_followed_has_google_s_status(given: dict[str, Any], code: int, status: str) -> None:
    with pytest.raises(ApiError) as refused:
        config.check({"config": given})
    assert (refused.value.code, refused.value.status) == (code, status)


def test_without_the_extra_a_request_that_needs_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "available", lambda: False)
    config.require_detector(config.parse({}, Secret.random()))
    with pytest.raises(ApiError, match="pip install") as caught:
        config.require_detector(config.parse(ALL, Secret.random()))
    assert caught.value.status == "FAILED_PRECONDITION"
