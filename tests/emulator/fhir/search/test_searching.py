"""Searches of an index by FHIR's and Google's rules; each rule alone. Many at once: test_differential.py."""

from typing import Any

import pytest

from emulator.fhir.search.errors import SearchError
from tests.emulator.fhir.search.store import FIRST_CHANGE, Store

LOINC, UCUM = "http://loinc.org", "http://unitsofmeasure.org"


def patient(name: str, /, **fields: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": name, **fields}


def observation(name: str, /, **fields: Any) -> dict[str, Any]:
    return {"resourceType": "Observation", "id": name, **fields}


def concept(code: str, system: str = LOINC, text: str = "") -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}], **({"text": text} if text else {})}


@pytest.fixture(params=[2000, 0], ids=["listing", "going through"])
def store(request: pytest.FixtureRequest) -> Store:
    """A store that lists candidates, and one that never does."""
    return Store(few=request.param)


def found(store: Store, text: str) -> set[str]:
    return set(store.ids(text))


def test_strings_begin_with_the_value_whatever_their_case_accents_and_punctuation(store: Store) -> None:
    # Cloud Healthcare: advanced search; Eve, Evelyn and Severine are its examples
    for name in ("Eve", "Evelyn", "Severine", "évé", "O'Brien-Eve"):
        store.put(patient(name.replace("'", "").replace("é", "e1"), name=[{"family": name}]))
    assert found(store, "Patient?name=eve") == {"Eve", "Evelyn", "e1ve1", "OBrien-Eve"}
    assert found(store, "Patient?name:contains=eve") == {"Eve", "Evelyn", "Severine", "e1ve1", "OBrien-Eve"}
    assert found(store, "Patient?name:exact=Eve") == {"Eve"}
    assert found(store, "Patient?name:exact=eve") == set()
    assert found(store, "Patient?family=o brien  EVE") == {"OBrien-Eve"}
    assert found(store, "Patient?family=evelyn,seve") == {"Evelyn", "Severine"}


def test_a_text_is_found_from_any_of_its_words_on(store: Store) -> None:
    # googleapis/mcp-toolbox, integration test of Cloud Healthcare: address=main st finds 123 Main St
    store.put(patient("john", address=[{"line": ["123 Main St"], "city": "San Francisco"}]))
    store.put(patient("jane", address=[{"line": ["7 St Main"], "city": "Francis"}]))
    assert found(store, "Patient?address=main st") == {"john"}
    assert found(store, "Patient?address=main") == {"john", "jane"}
    assert found(store, "Patient?address-city=francis") == {"john", "jane"}
    assert found(store, "Patient?address-city:exact=Francis") == {"jane"}
    assert found(store, "Patient?address=ain st") == set()


@pytest.mark.parametrize("query", ["family=-", "name=%E2%80%93", "family:contains=.", "family=...,eve"])
def test_a_text_of_nothing_but_punctuation_finds_nothing(store: Store, query: str) -> None:
    # Punctuation is ignored (Cloud Healthcare: string search); a conditional deletion must not take that for "all".
    store.put(patient("Adam", name=[{"family": "Adam-"}]), patient("Eve", name=[{"family": "Eve"}]))
    assert found(store, f"Patient?{query}") == ({"Eve"} if "eve" in query else set())


def test_tokens_by_code_and_system(store: Store) -> None:
    store.put(
        observation("a", code=concept("1")),
        observation("b", code=concept("1", "http://snomed.info/sct")),
        observation("c", code={"coding": [{"code": "1"}]}),
        observation("d", code={"text": "One"}, status="final"),
    )
    assert found(store, "Observation?code=1") == {"a", "b", "c"}
    assert found(store, f"Observation?code={LOINC}|1") == {"a"}
    assert found(store, "Observation?code=|1") == {"c"}
    assert found(store, f"Observation?code={LOINC}|") == {"a"}
    assert found(store, "Observation?code:not=1") == {"d"}
    assert found(store, f"Observation?code:not={LOINC}|1,http://snomed.info/sct|1") == {"c", "d"}
    assert found(store, "Observation?code:text=one") == {"d"}
    assert found(store, "Observation?code:missing=true") == set()
    assert found(store, "Observation?status:missing=true") == {"a", "b", "c"}
    assert found(store, "Observation?status=http://hl7.org/fhir/observation-status|final") == {"d"}


def test_value_sets_are_asked_for(store: Store) -> None:
    store.put(observation("a", code=concept("1")), observation("b", code=concept("2")))
    store.value_sets = {"http://e.org/vs": [(LOINC, "1"), ("http://other.example", "2")]}.get
    assert found(store, "Observation?code:in=http://e.org/vs") == {"a"}
    assert found(store, "Observation?code:not-in=http://e.org/vs") == {"b"}
    with pytest.raises(SearchError, match=r'The value set "http://e\.org/none" of code:in'):
        store.ids("Observation?code:in=http://e.org/none")


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        # FHIR, search: date; prefixes of intervals
        ("2020", {"day", "month", "year"}),
        ("2020-02-29", {"day"}),
        ("eq2020-02", {"day", "month"}),
        ("ne2020-02-29", {"month", "year", "open", "before"}),
        ("gt2020-02-29", {"year", "open"}),
        ("lt2020-02-29", {"month", "year", "open", "before"}),
        ("ge2020-02", {"day", "month", "year", "open"}),
        ("le2020-02", {"day", "month", "year", "open", "before"}),
        ("sa2019-12", {"day", "month", "year"}),
        ("eb2020", {"before"}),
        ("ap2020-02-29", {"day", "month", "year", "open"}),
    ],
)
def test_dates_are_compared_as_intervals(store: Store, wanted: str, names: set[str]) -> None:
    store.put(
        observation("day", effectiveDateTime="2020-02-29"),
        observation("month", effectiveDateTime="2020-02"),
        observation("year", effectiveDateTime="2020"),
        observation("open", effectivePeriod={"start": "2018"}),
        observation("before", effectivePeriod={"end": "2010"}),
        observation("none"),
    )
    assert found(store, f"Observation?date={wanted}") == names


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ("7.0", {"7", "7.03"}),  # Cloud Healthcare: advanced search; 7.03 is found by 7.0 and not by 7.00
        ("7.00", {"7"}),
        ("ne7.00", {"7.03", "7.5", "-1"}),
        ("gt7", {"7.03", "7.5"}),
        ("lt7", {"-1"}),
        ("ge7.03", {"7.03", "7.5"}),
        ("le7", {"7", "-1"}),
        ("sa7", {"7.03", "7.5"}),
        ("eb7.03", {"7", "-1"}),
        ("ap7", {"7", "7.03", "7.5"}),
        ("7||mg", {"7"}),
        (f"7.0|{UCUM}|mg", {"7"}),
        (f"7.0|{UCUM}|g", {"7.03"}),
        ("7.5||milligram", {"7.5"}),
    ],
)
def test_quantities_are_compared_by_precision_and_unit(store: Store, wanted: str, names: set[str]) -> None:
    store.put(
        observation("7", valueQuantity={"value": 7, "system": UCUM, "code": "mg"}),
        observation("7.03", valueQuantity={"value": 7.03, "system": UCUM, "code": "g"}),
        observation("7.5", valueQuantity={"value": 7.5, "unit": "milligram"}),
        observation("-1", valueQuantity={"value": -1}),
        observation("none", valueString="7"),
    )
    assert found(store, f"Observation?value-quantity={wanted}") == names


def test_a_number_of_more_digits_than_are_kept_stands_for_itself(store: Store) -> None:
    store.put(observation("large", valueQuantity={"value": 10000000000000000}))  # as in HL7's R5 Observation/decimal
    assert found(store, "Observation?value-quantity=10000000000000000") == {"large"}
    assert found(store, "Observation?value-quantity=ne10000000000000000") == set()


def test_a_name_that_only_begins_as_an_elements_is_another_element(store: Store) -> None:
    store.put({"resourceType": "Coverage", "id": "a", "subscriberId": "Patient/1"})
    assert found(store, "Coverage?subscriber=Patient/1") == set()
    assert found(store, "Coverage?subscriber:missing=true") == {"a"}


def test_the_parts_of_a_composite_belong_together(store: Store) -> None:
    def part(code: str, value: float) -> dict[str, Any]:
        return {"code": concept(code), "valueQuantity": {"value": value}}

    store.put(
        observation("high", component=[part("8480-6", 150), part("8462-4", 80)]),
        observation("low", component=[part("8480-6", 100), part("8462-4", 150)]),
        observation("coded", code=concept("1"), valueCodeableConcept=concept("yes")),
        observation("text", code=concept("1"), valueString="Some text"),
        observation("dated", code=concept("1"), valueDateTime="2020-05-05"),
    )
    assert found(store, "Observation?component-code-value-quantity=8480-6$gt120") == {"high"}
    assert found(store, f"Observation?combo-code-value-quantity={LOINC}|8462-4$150") == {"low"}
    assert found(store, f"Observation?code-value-concept=1${LOINC}|yes") == {"coded"}
    assert found(store, "Observation?code-value-string=1$some") == {"text"}
    assert found(store, "Observation?code-value-date=1$ge2020") == {"dated"}


def test_what_has_parts_is_found_by_each_of_them_once_and_in_order(store: Store) -> None:
    """combo-value-quantity is value-quantity and component-value-quantity, whose values it has in this order."""
    store.put(
        observation(
            "own", valueQuantity={"value": 5}, component=[{"code": concept("2"), "valueQuantity": {"value": 5}}]
        ),
        observation("inner", code=concept("2"), component=[{"code": concept("1"), "valueQuantity": {"value": 3}}]),
        observation(
            "both", valueQuantity={"value": 4}, component=[{"code": concept("1"), "valueQuantity": {"value": 1}}]
        ),
        observation("none", code=concept("1"), valueString="5"),
    )
    assert store.ids("Observation?combo-value-quantity=5") == ["own"]
    assert found(store, "Observation?combo-code=2&combo-value-quantity=lt6") == {"own", "inner"}
    assert found(store, "Observation?combo-code:not=2") == {"both", "none"}
    assert found(store, "Observation?combo-value-quantity:missing=true") == {"none"}
    assert store.ids("Observation?_sort=combo-value-quantity") == ["inner", "both", "own", "none"]
    assert store.ids("Observation?_sort=-combo-value-quantity&_count=2") == ["own", "both", "inner", "none"]
    assert store.page("Observation?combo-code=1,2&_count=1&_total=accurate").total == 4


def test_uris_above_and_below(store: Store) -> None:
    for number, url in enumerate(["http://e.org/fhir", "http://e.org/fhir/ValueSet/1", "http://e.org/fhir2"]):
        store.put({"resourceType": "ValueSet", "id": str(number), "url": url})
    assert found(store, "ValueSet?url=http://e.org/fhir") == {"0"}
    assert found(store, "ValueSet?url:below=http://e.org/fhir/") == {"1"}
    assert found(store, "ValueSet?url:above=http://e.org/fhir/ValueSet/1/_history/5") == {"0", "1"}


def family(store: Store) -> None:
    store.put(
        {"resourceType": "Organization", "id": "o", "name": "Clinic"},
        patient("p", name=[{"family": "Ray"}], managingOrganization={"reference": "Organization/o"}),
        patient("q", name=[{"family": "Fox"}], gender="male"),
        observation("a", subject={"reference": "Patient/p"}, code=concept("1")),
        observation("b", subject={"reference": "Patient/q"}, code=concept("2")),
        observation("c", subject={"reference": "Group/p"}, code=concept("1")),
        observation("d", subject={"reference": "https://elsewhere.example/Patient/p"}, code=concept("1")),
    )


def test_chains_go_through_references(store: Store) -> None:
    family(store)
    assert found(store, "Observation?subject:Patient.family=ray") == {"a"}
    assert found(store, "Observation?subject.name=fox") == {"b"}
    assert found(store, "Observation?patient.organization.name=clinic") == {"a"}
    assert found(store, "Observation?subject:Patient._id=p,q") == {"a", "b"}
    assert found(store, "Observation?subject:Patient.gender:missing=true") == {"a"}
    assert found(store, "Observation?patient._has:Observation:patient:code=2") == {"b"}
    assert found(store, "Observation?subject=p") == {"a", "c"}
    assert found(store, "Observation?subject=https://elsewhere.example/Patient/p") == {"d"}


def test_reverse_chains_ask_what_refers_to_a_resource(store: Store) -> None:
    family(store)
    assert found(store, "Patient?_has:Observation:patient:code=1") == {"p"}
    assert found(store, "Patient?_has:Observation:patient:code=1,2&gender=male") == {"q"}
    assert found(store, "Organization?_has:Patient:organization:_has:Observation:patient:code=1") == {"o"}


def test_what_is_included(store: Store) -> None:
    family(store)

    def included(text: str) -> list[str]:
        return sorted(store.names(store.page(text).included))

    assert included("Observation?_include=Observation:subject") == ["Patient/p", "Patient/q"]
    assert included("Observation?_id=a&_include=Observation:subject:Group") == []
    assert included("Observation?_id=a&_include=*") == ["Patient/p"]
    assert included("Observation?_id=a&_include=Observation:subject&_include=Patient:organization") == ["Patient/p"]
    everything = "Observation?_id=a&_include=Observation:subject&_include:iterate=Patient:organization"
    assert included(everything) == ["Organization/o", "Patient/p"]
    assert included("Patient?_id=p&_revinclude=Observation:patient") == ["Observation/a"]
    back = "Organization?_id=o&_revinclude=Patient:organization&_revinclude:iterate=Observation:patient"
    assert included(back) == ["Observation/a", "Patient/p"]


def test_what_refers_to_a_patient_is_in_order_of_time_without_a_look_at_its_dates(store: Store) -> None:
    family(store)
    days = {"e": "2020-05-01", "f": "2019", "g": "2020-05-01", "h": "2021-01-01T10:00:00Z", "i": None}
    for name, day in days.items():
        when = {"effectiveDateTime": day} if day else {}
        store.put(observation(name, subject={"reference": "Patient/p"}, code=concept("7"), **when))
    searches = ("subject=Patient/p", "subject=p", "subject:Patient.family=ray", "subject=Patient/p&code=7")
    orders = {"-date": ["h", "g", "e", "f", "i"], "date": ["f", "e", "g", "h", "i"]}
    for changes in ("", "WHERE moment % 2 = 0", "WHERE 1"):
        if changes:  # as states have them that were made when nobody noted moments
            store.tx.execute(f"UPDATE fhir_index_targets SET moment = NULL {changes}")
        for search in searches:
            for order, expected in orders.items():
                store.queries.clear()
                listed = [name for name in store.ids(f"Observation?{search}&_sort={order}&_count=3") if name in days]
                assert listed == expected
    assert any("fhir_index_dates" in sql for sql, _ in store.queries)


def test_a_known_moment_is_not_asked_again() -> None:
    store = Store()
    for day in range(1, 10):
        subject = {"reference": "Patient/p"}
        store.put(observation(f"d{day}", subject=subject, code=concept("7"), effectiveDateTime=f"2020-01-0{day}"))
    assert store.ids("Observation?subject=Patient/p&_sort=-date") == [f"d{day}" for day in range(9, 0, -1)]
    assert not any("fhir_index_dates" in sql for sql, _ in store.queries)


def test_what_a_condition_says_that_all_matches_refer_to_is_included(store: Store) -> None:
    family(store)
    store.put(
        {"resourceType": "Organization", "id": "s", "name": "Surgery", "partOf": {"reference": "Organization/o"}},
        {"resourceType": "Organization", "id": "w", "name": "Ward", "partOf": {"reference": "Organization/s"}},
        {"resourceType": "Provenance", "id": "x", "target": [{"reference": f"Patient/{each}"} for each in "pq"]},
    )

    def included(text: str) -> list[str]:
        return sorted(store.names(store.page(text).included))

    for same in ("subject=Patient/p", "subject:Patient=p", "subject=Patient/p&code=1", "patient=Patient/p"):
        code = same.partition("=")[0].partition(":")[0]
        store.queries.clear()
        assert included(f"Observation?{same}&_include=Observation:{code}") == ["Patient/p"]
        assert not any("FROM json_each(?) j CROSS JOIN fhir_index_targets" in sql for sql, _ in store.queries)
    assert included("Observation?subject=Patient/q&patient=q&_include=Observation:patient:Patient") == ["Patient/q"]
    assert included("Observation?subject=Patient/p&_include=Observation:subject:Group") == []
    assert included("Observation?subject=Patient/p&subject=Patient/q&_include=Observation:subject") == []
    assert included("Observation?subject=Patient/p,Patient/q&_include=Observation:subject") == [
        "Patient/p",
        "Patient/q",
    ]
    assert included("Observation?subject=p&_include=Observation:subject") == ["Patient/p"]
    assert included("Observation?subject=Group/p&_include=Observation:subject") == []
    assert included("Observation?subject=https://elsewhere.example/Patient/p&_include=Observation:subject") == []
    assert included("Provenance?target=Patient/p&_include=Provenance:target") == ["Patient/p", "Patient/q"]
    up = "Organization?partof=Organization/s&_include:iterate=Organization:partof"
    assert included(up) == ["Organization/o", "Organization/s"]


def test_a_circle_of_includes_ends(store: Store) -> None:
    for name, other in (("a", "b"), ("b", "c"), ("c", "a")):
        store.put(patient(name, link=[{"other": {"reference": f"Patient/{other}"}}]))
    page = store.page("Patient?_id=a&_include:iterate=Patient:link&_revinclude:iterate=Patient:link")
    assert sorted(store.names(page.included)) == ["Patient/b", "Patient/c"]


def test_the_newest_come_first_and_updates_move_up(store: Store) -> None:
    # Cloud Healthcare: search; the default order is _sort=-_lastUpdated
    store.put(patient("a"), patient("b"), patient("c"))
    assert store.ids("Patient?") == ["c", "b", "a"]
    store.put(patient("a"))
    assert store.ids("Patient?") == ["a", "c", "b"]
    assert store.ids("Patient?_sort=_lastUpdated") == ["b", "c", "a"]
    store.delete("Patient/c")
    assert store.ids("Patient?_sort=_id") == ["a", "b"]
    assert store.ids("Patient?_sort=-_id&_count=1") == ["b", "a"]


def test_an_order_is_by_the_first_value_and_what_has_none_is_last(store: Store) -> None:
    store.put(
        patient("a", birthDate="1980", name=[{"family": "Zed"}, {"family": "Abe"}]),
        patient("b", birthDate="1990-05"),
        patient("c", name=[{"family": "Bob"}]),
        patient("d", birthDate="1980", gender="male"),
    )
    assert store.ids("Patient?_sort=birthdate") == ["a", "d", "b", "c"]
    assert store.ids("Patient?_sort=-birthdate&_count=1") == ["b", "d", "a", "c"]
    assert store.ids("Patient?_sort=family&_count=1") == ["c", "a", "b", "d"]
    assert store.ids("Patient?_sort=-birthdate,gender,family&_count=1") == ["b", "d", "a", "c"]


@pytest.mark.parametrize(
    "order", ["", "&_sort=_lastUpdated", "&_sort=_id", "&_sort=birthdate", "&_sort=-birthdate,_id"]
)
def test_pages_neither_repeat_nor_lose_what_stays(store: Store, order: str) -> None:
    for number in range(30):
        store.put(patient(f"p{number:02}", birthDate=f"19{number % 7 + 50}" if number % 5 else "2000", gender="male"))
    text = f"Patient?gender=male&_count=4{order}"
    page = store.page(text)
    names = store.names(page.matches)
    changes = iter(range(100))
    while page.token:
        number = next(changes)
        store.put(patient(f"new{number}", gender="male", birthDate="2030"))
        store.delete(names[0]) if number == 0 else None
        page = store.page(text, token=page.token)
        names += [each for each in store.names(page.matches) if each.startswith("Patient/p")]
    assert sorted(names) == [f"Patient/p{number:02}" for number in range(30)]


def test_a_page_token_of_another_search_is_refused(store: Store) -> None:
    store.put(patient("a", gender="male"), patient("b", gender="male"))
    token = store.page("Patient?gender=male&_count=1").token
    assert store.names(store.page("Patient?gender=male&_count=5", token=token).matches) == ["Patient/a"]
    for text, wrong in (
        ("Patient?gender=female", token),
        ("Patient?gender=male", "nonsense"),
        ("Patient?gender=male", "W10"),
    ):
        with pytest.raises(SearchError, match="Invalid _page_token"):
            store.page(text, token=wrong)


def test_totals_are_exact_on_one_page_and_where_asked_for(store: Store) -> None:
    # Cloud Healthcare: search; total is exact where all fits one page, else an estimate
    for number in range(9):
        store.put(patient(str(number), gender="male", active=number < 6))
    assert store.page("Patient?gender=male&active=true").total == 6
    assert store.page("Patient?gender=male&active=true&_count=2&_total=accurate").total == 6
    assert store.page("Patient?gender=male&_count=0&_total=accurate").total == 9
    assert store.page("Patient?gender=male&_total=none").total is None
    estimated = store.page("Patient?gender=male&active=true&_count=2").total
    assert estimated is not None
    assert estimated >= 3


def test_a_search_of_the_whole_store(store: Store) -> None:
    family(store)
    store.put(
        patient("p", meta={"tag": [{"system": "s", "code": "t"}]}), observation("t", meta={"tag": [{"code": "t"}]})
    )
    assert store.found("?_tag=t") == ["Observation/t", "Patient/p"]
    assert store.found("?_tag=s|t") == ["Patient/p"]
    assert store.found("?_type=Organization,Patient&_tag:missing=true") == ["Patient/q", "Organization/o"]
    assert store.found("?_id=p,a") == ["Patient/p", "Observation/a"]
    assert len(store.found("?_count=2")) == 8


def test_times_of_change_are_compared_to_the_microsecond(store: Store) -> None:
    store.put(patient("a"), patient("b"), patient("c"))  # changed at 2023-11-14T22:13:21Z, :22 and :23
    assert FIRST_CHANGE == 1_700_000_000_000_000
    assert store.ids("Patient?_lastUpdated=2023-11-14T22:13:22Z") == ["b"]
    assert store.ids("Patient?_lastUpdated=gt2023-11-14T22:13:22Z") == ["c"]
    assert store.ids("Patient?_lastUpdated=ge2023-11-14T22:13:22Z") == ["c", "b"]
    assert store.ids("Patient?_lastUpdated=lt2023-11-14T22:13:22Z") == ["a"]
    assert store.ids("Patient?_lastUpdated=le2023-11-14T22:13:22Z&_lastUpdated=gt2023-11-14T22:13:21Z") == ["b"]
    assert store.ids("Patient?_lastUpdated=ne2023-11-14T22:13:22Z") == ["c", "a"]
    assert store.ids("Patient?_lastUpdated=2023-11-14T22:13:21Z,2023-11-14T22:13:23Z") == ["c", "a"]
    assert store.ids("Patient?_lastUpdated=2023&_lastUpdated=lt9999") == ["c", "b", "a"]
    assert store.ids("Patient?_lastUpdated=lt0001-01-01") == []


def test_words_of_content_and_narrative(store: Store) -> None:
    # Cloud Healthcare: search; _content searches what parameters refer to, all words must be there
    store.put(
        patient("a", name=[{"family": "Ray", "given": ["Ann"]}]),
        patient("b", name=[{"family": "Ray"}], text={"div": "<div>Ann was here</div>"}),
    )
    assert found(store, "Patient?_content=ann ray") == {"a"}
    assert found(store, "Patient?_content=RAY") == {"a", "b"}
    assert found(store, "Patient?_text=ann") == {"b"}


def test_stores_do_not_see_each_other() -> None:
    one = Store(number=1)
    other = Store(number=2)
    other.tx = one.tx
    one.put(patient("a", gender="male"))
    other.put(patient("b", gender="male"))
    assert one.found("Patient?gender=male") == ["Patient/a"]
    assert other.found("?_id=a,b") == ["Patient/b"]


def test_parameters_that_a_store_adds_are_searched() -> None:
    added = {
        "code": "eye",
        "type": "token",
        "base": ["Patient"],
        "expression": "Patient.extension('http://e.org/eye').value",
    }
    known = Store().parameters.extended([added])
    store = Store(known=known)
    store.put(patient("a", extension=[{"url": "http://e.org/eye", "valueCode": "blue"}]), patient("b"))
    assert store.found("Patient?eye=blue") == ["Patient/a"]
    assert store.found("Patient?eye:missing=true&_sort=eye") == ["Patient/b"]


SELECTIVE = [
    "Patient?identifier=http://e.org|1",
    "Patient?family=ray",
    "Observation?date=2020-02-29",
    "Observation?value-quantity=gt1000",
    "Observation?subject=Patient/1",
    "Observation?code=1&date=ge2010",
    "Observation?subject:Patient.family=ray",
    "Observation?subject:Patient.family=ray&_sort=-date",
    "Patient?_has:Observation:patient:code=1",
    "Observation?code-value-quantity=1$gt5",
    "Observation?code:text=pulse",
    "Observation?_content=pulse",
    "ValueSet?url:below=http://e.org/",
    "Patient?_profile=http://e.org/p",
    "?_tag=a",
    "?_id=1",
    "Observation?subject=Patient/1&_include=Observation:subject&_revinclude=Provenance:target",
    "Observation?",
    "Observation?_sort=-date",
    "Observation?_sort=code&status=final",
    "Patient?_lastUpdated=gt2030",
    "Patient?gender:not=male",
]


@pytest.mark.parametrize("few", [2000, 0])
@pytest.mark.parametrize("text", SELECTIVE)
def test_no_search_scans_a_table_or_sorts_one(text: str, few: int) -> None:
    store = Store(few=few)
    for number in range(50):
        store.put(patient(str(number), gender="male"), observation(str(number), code=concept("1"), status="final"))
    store.page(text)
    scans = [step for step in store.plan() if step.startswith("SCAN") and not _is_small(step)]
    assert scans == []
    searched = [step for step in store.plan() if "fhir_index" in step and "store=?" not in step]
    assert searched == []


def _is_small(step: str) -> bool:
    """A list that was handed in, or rows that were counted."""
    return "VIRTUAL TABLE" in step or "subquery" in step
