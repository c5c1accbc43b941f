"""Labels of datasets, stores and messages, and metadata of consents: how many, and what keys and values may be.

The descriptions of Dataset.labels and Consent.metadata: letters that have no upper case, or are in lower case. Those of
messages have either: Google's own sample labels one PROCESSED=TRUE (python-docs-samples, hl7v2_messages_test.py).
"""

from collections.abc import Mapping

from emulator.errors import invalid_argument

MOST = 64
_LONGEST, _MOST_BYTES = 63, 128
_KINDS = f"letters, digits, underscores and dashes ({_MOST_BYTES} bytes at most)"


def check_labels(pairs: Mapping[str, str], field: str = "labels", *, shortest: int = 0, capitals: bool = False) -> None:
    """Raise 400 for pairs that a resource's field can't have; `shortest` is the fewest characters of a value."""
    kinds = _KINDS if capitals else f"lower-case {_KINDS}"
    if len(pairs) > MOST:
        raise invalid_argument(f"{field} has {len(pairs)} entries; a resource can have at most {MOST}.")
    for key, value in pairs.items():
        if not _is_word(key, 1, capitals=capitals) or not key[0].isalpha():
            raise invalid_argument(
                f'Invalid {field} key "{key[:80]}": it must be 1 to {_LONGEST} {kinds}, and begin with a letter.'
            )
        if not _is_word(value, shortest, capitals=capitals):
            raise invalid_argument(f'Invalid {field} value of "{key}": it must be {shortest} to {_LONGEST} {kinds}.')


def _is_word(text: str, shortest: int, *, capitals: bool) -> bool:
    fits = shortest <= len(text) <= _LONGEST and len(text.encode()) <= _MOST_BYTES
    return fits and all(
        each in "_-" or each.isnumeric() or (each.isalpha() and (capitals or each == each.lower())) for each in text
    )
