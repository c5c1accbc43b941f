"""Labels of datasets, stores and messages, and metadata of consents: how many, and what keys and values may be.

The descriptions of Dataset.labels and Consent.metadata: letters that have no upper case, or are in lower case.
"""

from collections.abc import Mapping

from emulator.errors import invalid_argument

MOST = 64
_LONGEST, _MOST_BYTES = 63, 128
_KINDS = f"lower-case letters, digits, underscores and dashes ({_MOST_BYTES} bytes at most)"


def check_labels(pairs: Mapping[str, str], field: str = "labels", *, shortest: int = 0) -> None:
    """Raise 400 for pairs that a resource's field can't have; `shortest` is the fewest characters of a value."""
    if len(pairs) > MOST:
        raise invalid_argument(f"{field} has {len(pairs)} entries; a resource can have at most {MOST}.")
    for key, value in pairs.items():
        if not _is_word(key, 1) or not key[0].isalpha():
            raise invalid_argument(
                f'Invalid {field} key "{key[:80]}": it must be 1 to {_LONGEST} {_KINDS}, and begin with a letter.'
            )
        if not _is_word(value, shortest):
            raise invalid_argument(f'Invalid {field} value of "{key}": it must be {shortest} to {_LONGEST} {_KINDS}.')


def _is_word(text: str, shortest: int) -> bool:
    fits = shortest <= len(text) <= _LONGEST and len(text.encode()) <= _MOST_BYTES
    return fits and all(each in "_-" or each.isnumeric() or (each.isalpha() and each == each.lower()) for each in text)
