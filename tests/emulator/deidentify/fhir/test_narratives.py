"""XHTML: what is cleaned, and what is left of the markup."""

import pytest

from emulator.deidentify.fhir.narratives import Narrative
from emulator.deidentify.text import Cleaner, Known, TextRules
from tests.emulator.deidentify.fhir.making import SECRET

KNOWN = Known.of([("PERSON_NAME", "Peter Wall"), ("LOCATION", "123 Main Street")])
NARRATIVE = Narrative(Cleaner(TextRules.basic(), SECRET))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<div>Wall &amp; sons &lt; 3</div>", "<div>[PERSON_NAME] &amp; sons &lt; 3</div>"),
        ("<p>P&#101;ter <b>Wall</b>'s</p>", "<p>[PERSON_NAME]<b></b>'s</p>"),
        ("<td>123 Main</td><td>Street</td>", "<td>[LOCATION]</td><td></td>"),
        ("<td>Wall</td><td>paper</td>", "<td>[PERSON_NAME]</td><td>paper</td>"),
        ('<img src="data:image/png;base64,AA" alt="Wall"/>', '<img alt="[PERSON_NAME]"/>'),
        ('<a href="Patient/wall" class="x">a</a><a href="#b">c</a>', '<a class="x">a</a><a href="#b">c</a>'),
        ("<p>a<!-- Wall --></p><?x Wall?><script>Wall</script>", "<p>a</p><script></script>"),
        ("AT&T <br/>&nbsp;ok", "AT&amp;T <br/>\xa0ok"),
        (
            '<p title="seen">Wall</p><i class="x">Wall</i>',
            '<p title="seen">[PERSON_NAME]</p><i class="x">[PERSON_NAME]</i>',
        ),
        ('<a id="peter-wall" href="#wall">x</a>', '<a id="[PERSON_NAME]" href="#[PERSON_NAME]">x</a>'),
        ("<p unfinished", "&lt;p unfinished"),
    ],
)
def test_texts_and_attributes_are_cleaned(before: str, after: str) -> None:
    assert NARRATIVE.cleaned(before, KNOWN, "p")[0] == after


def test_what_has_nothing_in_it_stays() -> None:
    table = '<table border="1"><tr><td>1</td></tr></table>'
    text = f'<div xmlns="http://www.w3.org/1999/xhtml"><p>Heart rate: "80"</p>{table}</div>'
    assert NARRATIVE.cleaned(text, KNOWN, "p") == (text, ())


def test_masked() -> None:
    assert NARRATIVE.masked("<p>Peter <b>Wall</b></p>", "#") == "<p>##### <b>####</b></p>"
