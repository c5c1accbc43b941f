import contextlib
from typing import Any

import pytest

from emulator.fhir.search.errors import SearchError
from emulator.fhir.search.parameters import parameters
from emulator.fhir.search.query import Chain, Clause, Has, Query
from emulator.fhir.search.reading import Reader
from emulator.fhir.search.values import Date, Number, Pair, Quantity, Targets, Text, Token, number


def read(text: str, *, strict: bool = True, version: str = "R4") -> Query:
    kind, _, query = text.partition("?")
    pairs = [(name, value) for name, _, value in (each.partition("=") for each in query.split("&"))]
    return Reader(parameters(version)).read(kind or None, pairs, strict=strict)


def clause(text: str, **options: Any) -> Clause:
    (found,) = read(text, **options).conditions
    assert isinstance(found, Clause)
    return found


def value(text: str, **options: Any) -> Any:
    (found,) = clause(text, **options).values
    return found


@pytest.mark.parametrize(
    ("text", "code", "system"),
    [
        ("a", "a", None),
        ("s|a", "a", "s"),
        ("|a", "a", ""),
        ("s|", None, "s"),
        (r"a\,b\|c\$d\\", r"a,b|c$d" + "\\", None),
        (r"s\|t|a|b", "a|b", "s|t"),
    ],
)
def test_tokens(text: str, code: str | None, system: str | None) -> None:
    # FHIR, search: token, and escaping search parameters
    assert value(f"Patient?identifier={text}") == Token(code, system)


def test_commas_are_alternatives_unless_escaped() -> None:
    assert clause(r"Patient?name=a\,b,c").values == (Text("a,b"), Text("c"))
    assert clause("Patient?name=a,,b,").values == (Text("a"), Text("b"))
    assert len(read("Patient?name=a&name=b").conditions) == 2


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("100", 99.5, 100.5),
        ("100.00", 99.995, 100.005),
        ("7.00", 6.995, 7.005),  # Cloud Healthcare: advanced search
        ("1e2", 95, 105),  # FHIR, search: number
        ("-5.4", -5.45, -5.35),
        ("0", -0.5, 0.5),
    ],
)
def test_numbers_have_the_precision_that_they_are_written_with(text: str, low: float, high: float) -> None:
    found = number("n", text)
    assert (found.low, found.high) == (low, high)


def test_prefixes() -> None:
    assert value("RiskAssessment?probability=ge0.5") == Number("ge", 0.5, 0.45, 0.55)
    date = value("Patient?birthdate=lt2000-01-01")
    assert isinstance(date, Date)
    assert date.prefix == "lt"
    assert value("Observation?value-quantity=5.4|http://u|mg") == Quantity(number("", "5.4"), "http://u", "mg")
    assert value("Observation?value-quantity=5.4||mg") == Quantity(number("", "5.4"), None, "mg")


def test_references() -> None:
    assert value("Observation?subject=Patient/1") == Targets(("Patient/1",))
    assert value("Observation?subject:Patient=1") == Targets(("Patient/1",))
    assert set(value("Observation?subject=1").targets) == {"Patient/1", "Group/1", "Device/1", "Location/1"}
    assert value("Observation?subject=Patient/1/_history/3") == Targets(("Patient/1",))
    assert value("Observation?subject=http://e.org/Patient/1") == Targets(("http://e.org/Patient/1",))
    assert value("Observation?subject:Patient=Group/1") == Targets(())


def test_composites() -> None:
    found = value("Observation?code-value-quantity=http://loinc.org|8480-6$gt120|http://u|mm")
    assert found == Pair(Token("8480-6", "http://loinc.org"), Quantity(number("", "gt120"), "http://u", "mm"))


def test_chains_and_reverse_chains() -> None:
    (chain,) = read("Observation?subject:Patient.name:exact=Ann").conditions
    assert isinstance(chain, Chain)
    ((kind, inner),) = chain.targets
    assert (kind, inner.modifier) == ("Patient", "exact")  # type: ignore[union-attr]
    (chain,) = read("Observation?subject.name=Ann").conditions
    assert isinstance(chain, Chain)
    assert {kind for kind, _ in chain.targets} == {"Patient", "Location"}  # Group and Device have no such parameter
    (has,) = read("Patient?_has:Observation:patient:_has:AuditEvent:entity:agent=1").conditions
    assert isinstance(has, Has)
    assert isinstance(has.condition, Has)


def test_what_does_not_select_matches() -> None:
    query = read("Observation?_count=5&_sort=-date,status&_elements=status,code&_summary=text&_total=accurate")
    assert (query.count, query.elements, query.summary, query.total) == (5, ("status", "code"), "text", "accurate")
    assert [(each.parameter.code, each.descending) for each in query.sorts] == [("date", True), ("status", False)]
    assert read("Patient?_count=5000").count == 1000  # Cloud Healthcare: search; default 100, at most 1,000
    assert read("Patient?gender=male").count == 100
    assert [each.descending for each in read("Patient?_sort:desc=birthdate").sorts] == [True]


def test_includes() -> None:
    (found,) = read("Observation?_include=Observation:subject:Patient").includes
    assert (found.source, found.target, found.reverse, found.iterate) == ("Observation", "Patient", False, False)
    (found,) = read("Patient?_revinclude:iterate=Observation:subject").includes
    assert (found.reverse, found.iterate) == (True, True)
    (found,) = read("Patient?_include:recurse=Patient:link", version="STU3").includes
    assert found.iterate
    (found,) = read("Observation?_include=*").includes
    assert {"subject", "encounter"} <= {each.code for each in found.parameters}


def test_an_unknown_parameter_is_ignored_and_not_shown_unless_the_search_is_strict() -> None:
    # Cloud Healthcare: search; link self has only what was applied
    query = read("Patient?gender=male&colour=red&_page_token=&name=", strict=False)
    assert query.applied == (("gender", "male"),)
    assert [name for name, _ in query.ignored] == ["colour", "_page_token", "name"]
    with pytest.raises(SearchError, match='no such search parameter: "colour" of Patient'):
        read("Patient?colour=red")


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("Patient?phonetic=x", 'The parameter "phonetic" of Patient is not supported'),
        ("Location?near=1", 'The parameter "near" of Location is not supported'),
        ("Patient?_filter=x", '"_filter" is not supported'),
        ("Patient?_contained=true", '"_contained" is not supported'),
        ("Patient?_summary=count", '"count" of _summary is not supported'),
        ("Patient?_sort=link", "cannot be sorted by"),
        ("Patient?_sort=nothing", 'no such search parameter: "nothing" of Patient'),
        ("?name=x", 'no such search parameter: "name" of all resource types'),
        ("Observation?subject.colour=1", 'Nothing that "subject" points at has a "colour"'),
        ("Patient?_has:Observation:patient:colour=1", 'no such search parameter: "colour" of Observation'),
    ],
)
def test_what_is_not_supported_is_ignored_unless_the_search_is_strict(text: str, part: str) -> None:
    with pytest.raises(SearchError) as caught:
        read(text)
    assert part in str(caught.value)
    query = read(text, strict=False)
    assert len(query.ignored) == 1
    assert (query.conditions, query.sorts) == ((), ())


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("Nobody?name=x", '"Nobody" is no resource type of FHIR R4'),
        ("?_type=Patient,Nobody", '"Nobody" is no resource type'),
        ("Patient?birthdate=soon", 'error parsing date "soon": invalid dateTime: soon'),
        ("Patient?birthdate=2020-13", "invalid dateTime: 2020-13"),
        ("RiskAssessment?probability=half", 'Invalid value "half" of probability'),
        ("Observation?value-quantity=|u|mg", "of value-quantity"),
        ("Observation?code-value-quantity=1", "two values with $ between"),
        ("Patient?gender:missing=maybe", "of gender:missing"),
        ("Patient?gender:exact=male", 'The modifier ":exact" is not supported for the parameter "gender"'),
        ("Patient?identifier:of-type=a", ":of-type"),
        ("Observation?subject:identifier=a", ":identifier"),
        ("Observation?subject:Nobody.name=a", '"Nobody" is no resource type'),
        ("Observation?code.name=a", '"code" is no reference'),
        ("Patient?_has:Observation:patient=1", "must be like _has:Observation:patient:code"),
        ("Patient?_has:Observation:code:status=1", "is no reference"),
        ("Patient?_count=many", "of _count"),
        ("Patient?_count=-1", "of _count"),
        ("Patient?_total=all", "of _total"),
        ("Patient?_summary=long", "of _summary"),
        ("Patient?_revinclude=*", "invalid _revinclude query: *"),
        ("Patient?_include=Patient", "invalid _include query: Patient"),
        ("Patient?_include=Patient:name", '"name" is no reference of Patient'),
        ("Patient?_include=Nobody:link", '"Nobody" is no resource type'),
        ("Patient?_count:exact=1", 'The modifier ":exact" of _count'),
        ("Patient?name=" + ",".join("a" * 300), "has 300 values"),
        ("Patient?" + "link." * 20 + "name=a", "steps deep"),
    ],
)
def test_what_cannot_be_read_is_refused_in_any_search(text: str, part: str) -> None:
    for strict in (True, False):
        with pytest.raises(SearchError) as caught:
            read(text, strict=strict)
        assert part in str(caught.value)


def test_r5_has_no_above_and_below() -> None:
    # Cloud Healthcare: FHIR conformance statement
    assert clause("ValueSet?url:below=http://e.org").modifier == "below"
    with pytest.raises(SearchError, match=":below"):
        clause("ValueSet?url:below=http://e.org", version="R5")


@pytest.mark.parametrize("text", ["\ud800", "\x00", "é", "a" * 10_000, "%", "'; DROP TABLE x; --", "\\", "|", "$", ","])
@pytest.mark.parametrize(
    "name", ["name", "identifier", "birthdate", "link", "_profile", "_id", "_sort", "_count", "_content"]
)
def test_no_text_breaks_the_reading(name: str, text: str) -> None:
    with contextlib.suppress(SearchError):
        Reader(parameters("R4")).read("Patient", [(name, text)])
