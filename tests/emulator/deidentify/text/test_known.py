"""The record's own values, found wherever they stand in a text."""

import re
import unicodedata
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.deidentify.keys import Secret
from emulator.deidentify.text import Cleaner, Known, TextRules
from emulator.deidentify.text.transformations import Replace

CLEANER = Cleaner(TextRules(Replace()), Secret(bytes(32)))
BRACKETS = re.compile(r"\[[A-Z_]+\]")
LETTERS = "abcdefghijklmnoprstuvwxyzäöüéñçÀÉÖ"
FUNCTION_WORDS = {
    "an",
    "as",
    "at",
    "be",
    "by",
    "do",
    "go",
    "he",
    "if",
    "in",
    "is",
    "it",
    "me",
    "my",
    "no",
    "of",
    "on",
    "or",
}


def left(text: str, known: Known) -> str:
    """What is left of a text, without what took the place of findings."""
    return BRACKETS.sub(" ", CLEANER.clean(text, known, "patient").text)


def plain(text: str) -> str:
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(each for each in parts if not unicodedata.combining(each))


names = st.text(LETTERS, min_size=3, max_size=10).filter(lambda name: plain(name) not in FUNCTION_WORDS).map(str.title)
cases = st.sampled_from([str.upper, str.lower, str.title, str])
fillers = st.sampled_from(
    [
        "The film of",
        "no effusion.",
        "(",
        ")",
        "on",
        ",",
        ";",
        "/",
        "\n",
        "2 cm",
        "was seen",
        "and",
        "BP 120/80",
        "--",
        ":",
    ]
)


@given(names, names, cases, st.sampled_from([" ", ", ", "^", "-", "_", "  ", ""]), st.lists(fillers), st.lists(fillers))
def test_no_part_of_a_name_is_left(
    first: str, last: str, case: type[str], between: str, before: list[str], after: list[str]
) -> None:
    known = Known.of([("PERSON_NAME", f"{last}^{first}")])
    for said in (f"{first}{between}{last}", f"{last}{between}{first}", first, last):
        text = " ".join([*before, case(said), *after])
        remains = plain(left(text, known))
        for part in (first, last):
            assert not re.search(rf"(?<![^\W_]){re.escape(plain(part))}(?![^\W_])", remains), (text, remains)


@given(
    st.text("0123456789ABCXYZ", min_size=5, max_size=12).filter(lambda value: sum(map(str.isdigit, value)) > 2),
    st.sampled_from(["", "-", " ", ".", "/"]),
    st.integers(1, 4),
    st.lists(fillers),
)
def test_no_id_is_left_with_other_separators(value: str, separator: str, place: int, around: list[str]) -> None:
    known = Known.of([("MEDICAL_RECORD_NUMBER", value)])
    text = " ".join([*around, value[:place] + separator + value[place:], *around])
    assert value.lower() not in re.sub(r"[-\s./]", "", left(text, known)).lower()


WRITINGS = (
    "%Y%m%d",
    "%Y-%m-%d",
    "%m/%d/%Y",
    "%d.%m.%Y",
    "%m/%d/%y",
    "%d-%b-%Y",
    "%d%b%Y",
    "%B %d, %Y",
    "%b %d %Y",
    "%d %B %Y",
    "%A, %B %d, %Y",
    "%B %d",
    "%Y/%m/%d",
    "%m-%d-%Y",
)


@given(st.dates(date(1905, 1, 1), date(2029, 12, 31)), st.sampled_from(WRITINGS))
def test_no_known_day_is_left_in_any_writing(day: date, writing: str) -> None:
    written = f"{day:{writing}}"
    only_known = TextRules(None, {"BIRTHDAY": Replace()})
    known = Known.of([("BIRTHDAY", f"{day:%Y%m%d}")])
    cleaned = Cleaner(only_known, Secret(bytes(32))).clean(f"born {written}, well", known, "").text
    assert cleaned == "born [BIRTHDAY], well"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("Müller", "Mueller"),
        ("Mueller", "MÜLLER"),
        ("Müller", "Muller"),
        ("Wałęsa", "WAŁĘSA"),
        ("O'Brien", "OBRIEN"),
        ("Smith-Jones", "Smith Jones"),
        ("Wang^XiaoDong=王^小東", "王小東"),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "やまだ"),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "ヤマダ タロウ"),
        ("ﾔﾏﾀﾞ^ﾀﾛｳ", "やまだたろう"),
        ("Hong^Gildong=洪^吉洞=홍^길동", "홍길동"),
        ("Nguyen^Anh", "nguyen, anh"),
        ("de la Cruz^Maria", "MARIA DE LA CRUZ"),
        ("Bartholomew^Wall", "Bartho-\n   lomew"),
    ],
)
def test_names_of_many_writings_are_found(value: str, written: str) -> None:
    known = Known.of([("PERSON_NAME", value)])
    assert CLEANER.clean(f"x {written} x", known, "").text == "x [PERSON_NAME] x"


@pytest.mark.parametrize("written", ["WallPeterCT.pdf", "scanWall", "ctPETERWallX"])
def test_names_that_begin_with_a_capital_within_a_word_are_found(written: str) -> None:
    left_over = left(written, Known.of([("PERSON_NAME", "Wall^Peter")])).lower()
    assert "wall" not in left_over
    assert "peter" not in left_over


@pytest.mark.parametrize("text", ["she will go in may", "no longer", "so long"])
def test_names_that_are_small_words_are_left_where_they_are_words(text: str) -> None:
    known = Known.of([("PERSON_NAME", "Will^May"), ("PERSON_NAME", "Long^As")])
    assert not known.find(text)


@pytest.mark.parametrize("text", ["WILL, MAY", "Mrs. Long", "will may", "As Long"])
def test_such_names_are_found_with_a_capital_or_together(text: str) -> None:
    known = Known.of([("PERSON_NAME", "Will^May"), ("PERSON_NAME", "Long^As")])
    assert known.find(text)


def test_titles_and_initials_alone_are_no_names() -> None:
    known = Known.of([("PERSON_NAME", "Wall^P^^Dr^MD")])
    assert not known.find("Dr. p MD")


@pytest.mark.parametrize("written", ["+1 (555) 123-4567", "555.123.4567", "5551234567", "123-4567", "1-555-123-4567"])
def test_telephones_are_found_with_and_without_their_codes(written: str) -> None:
    known = Known.of([("PHONE_NUMBER", "+1 555-123-4567")])
    assert known.find(f"call {written}")


@pytest.mark.parametrize("written", ["12 MAIN STREET", "Springfield", "01101", "12 Main Street, Springfield, MA 01101"])
def test_parts_of_an_address_are_found(written: str) -> None:
    known = Known.of([("LOCATION", "12 Main Street, Springfield, MA, 01101")])
    assert any(each.length == len(written) for each in known.find(f"at {written} today"))


def test_short_ids_are_not_looked_for() -> None:
    assert not Known.of([("MEDICAL_RECORD_NUMBER", "12")]).find("12 of 12")


def test_nothing_known_finds_nothing() -> None:
    assert not Known.none()
    assert Known.none().find("Peter Wall") == []
    assert not Known.of([("PERSON_NAME", ""), ("DATE", ""), ("LOCATION", " , ")])


@pytest.mark.parametrize("text", ["chest walls", "wallpaper", "123456789012"])
def test_parts_of_other_words_are_left(text: str) -> None:
    known = Known.of([("PERSON_NAME", "Wall^Peter"), ("MEDICAL_RECORD_NUMBER", "123456")])
    assert not known.find(text)


def test_contextual_values_are_looked_for_as_what_they_are() -> None:
    """Cloud Healthcare's example: of a patient Wall, "Wall" in StudyDescription becomes [CTX]."""
    known = Known.of([("PERSON_NAME", "Wall^Peter"), ("DATE", "19700105")], contextual=True)
    text = "Chest of peter, born Jan 5, 1970: wall"
    assert (
        Cleaner(TextRules.empty(), Secret(bytes(32))).clean(text, known, "").text == "Chest of [CTX], born [CTX]: [CTX]"
    )
