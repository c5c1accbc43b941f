"""What labels may be (healthcare v1: Dataset.labels; their requirements are those of all of Google Cloud's labels)."""

import pytest

from emulator.errors import ApiError
from emulator.services.healthcare.labels import check_labels


@pytest.mark.parametrize(
    "pairs",
    [
        {},
        {"goog-pulumi-provisioned": "true"},  # what the gcp provider adds by itself
        {"priority": ""},  # "Label values are optional"
        {"ключ": "знач", "鍵": "値", "a" * 63: "1_-" * 21},
        {f"k{number}": "v" for number in range(64)},
    ],
)
def test_labels_that_google_takes(pairs: dict[str, str]) -> None:
    check_labels(pairs)


def test_labels_of_messages_may_have_capitals() -> None:
    check_labels({"PROCESSED": "TRUE"}, capitals=True)
    with pytest.raises(ApiError, match="must be 0 to 63 letters"):
        check_labels({"PROCESSED": "NOT YET"}, capitals=True)


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ({"": "a"}, 'key ""'),
        ({"Team": "a"}, 'key "Team"'),
        ({"_team": "a"}, 'key "_team"'),
        ({"1team": "a"}, 'key "1team"'),
        ({"a.b": "a"}, 'key "a.b"'),
        ({"a" * 64: "a"}, "1 to 63"),
        ({"鍵" * 43: "a"}, "128 bytes"),
        ({"team": "Lung"}, 'value of "team"'),
        ({"team": "a b"}, 'value of "team"'),
        ({"team": "a" * 64}, "0 to 63"),
        ({f"k{number}": "v" for number in range(65)}, "has 65 entries"),
    ],
)
def test_labels_that_google_refuses(pairs: dict[str, str], words: str) -> None:
    with pytest.raises(ApiError, match=words):
        check_labels(pairs)
