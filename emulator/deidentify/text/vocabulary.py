"""Lists of words that rules of names ask: titles, and names that are words of other kinds, too."""

import json
from pathlib import Path

_LISTS = json.loads((Path(__file__).parent / "data" / "vocabulary.json").read_text())

TITLES = frozenset(_LISTS["titles"])
"""What stands before or after a name and is none."""
FUNCTION_WORDS = frozenset(_LISTS["function_words"])
"""Names that are such words, too, count as names only with a capital or beside another part of the name."""
