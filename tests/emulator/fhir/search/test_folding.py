import pytest

from emulator.fhir.search.folding import folded


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Eve", "eve"),
        ("O'Brien-Smith,  Jr.", "o brien smith jr"),
        ("Müller", "muller"),
        ("Mu\u0308ller", "muller"),
        ("ZOË", "zoe"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("¿Qué?", "que"),
        ("李 小龙", "李 小龙"),
        ("—", ""),
        ("", ""),
    ],
)
def test_case_accents_and_punctuation_do_not_count(text: str, plain: str) -> None:
    # Cloud Healthcare: search; strings are case- and accent-insensitive, punctuation and extra space is ignored
    assert folded(text) == plain
