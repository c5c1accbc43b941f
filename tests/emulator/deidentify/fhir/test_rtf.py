"""Documents of Rich Text Format: what they show, and texts written as such documents."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.deidentify.fhir import rtf


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (r"{\rtf1\ansi\deff0 {\fonttbl{\f0 Arial;}}\f0\fs20 Seen {\b today}.\par Well}", "Seen today.\nWell"),
        (r"{\rtf1 M\'fcller, M\u252?ller, M\u252\'fcller}", "Müller, Müller, Müller"),
        (r"{\rtf1 a\tab b\line c\emdash d\~e\{f\}\\}", "a\tb\nc—d\u00a0e{f}\\"),
        (r"{\rtf1{\info{\author Wall}{\title Film}}{\*\company Wall}{\pict 89504e}said}", "said"),
        ("{\\rtf1 one\r\ntwo}", "onetwo"),
        (r"{\rtf1 cut", "cut"),
    ],
)
def test_a_document_shows_its_text(document: str, said: str) -> None:
    """The examples follow the specification's control words: \\par, \\u with its replacement, destinations."""
    assert rtf.is_rtf(document)
    assert rtf.shown(document) == said


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], max_codepoint=0xFFFF), max_size=60))
def test_a_text_is_shown_as_it_was_written(text: str) -> None:
    assert rtf.shown(rtf.written(text)) == text


def test_other_texts_are_no_documents() -> None:
    assert not rtf.is_rtf("{a}")
