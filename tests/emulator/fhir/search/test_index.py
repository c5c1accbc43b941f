from typing import Any

import pytest

from emulator.fhir.parsing import parse
from emulator.fhir.search.index import CONTENT_KEY, NARRATIVE_KEY, Indexer
from emulator.fhir.search.moments import moment
from emulator.fhir.search.parameters import parameters
from emulator.fhir.search.tables import ANY_SYSTEM, NO_SYSTEM, Row, system_key

LOINC, UCUM = "http://loinc.org", "http://unitsofmeasure.org"


def rows(resource: dict[str, Any], table: str, code: str, version: str = "R4", text: str = "") -> list[Row]:
    """The rows of one parameter, without its key."""
    known = parameters(version)
    parameter = known.of(resource["resourceType"])[code]
    key = parameter.text_key if text else parameter.key
    return [row[1:] for row in Indexer(known).rows(resource)[table] if row[0] == key]


def patient(**fields: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", **fields}


def observation(**fields: Any) -> dict[str, Any]:
    return {"resourceType": "Observation", **fields}


def test_tokens_of_every_coded_type() -> None:
    number = system_key("http://example.org/mrn")
    identifiers = [
        {"system": "http://example.org/mrn", "value": "1"},
        {"value": "2"},
        {"system": "http://example.org/mrn"},
    ]
    assert rows(patient(identifier=identifiers), "tokens", "identifier") == [
        (0, "1", number),
        (1, "2", NO_SYSTEM),
        (2, "", number),
    ]
    assert rows(patient(active=False), "tokens", "active") == [(0, "false", ANY_SYSTEM)]
    assert rows(patient(gender="female"), "tokens", "gender") == [(0, "female", ANY_SYSTEM)]
    phone = [{"system": "phone", "value": "555"}, {"system": "email", "value": "a@b.example"}]
    assert rows(patient(telecom=phone), "tokens", "phone") == [(0, "555", ANY_SYSTEM)]
    code = {"coding": [{"system": LOINC, "code": "1"}, {"code": "x"}, {"system": LOINC, "code": "1"}], "text": "Pulse"}
    assert rows(observation(code=code), "tokens", "code") == [(0, "1", system_key(LOINC)), (1, "x", NO_SYSTEM)]
    meta = {"tag": [{"system": "s", "code": "t"}]}
    assert rows(patient(meta=meta), "tokens", "_tag") == [(0, "t", system_key("s"))]


def test_texts_of_coded_values() -> None:
    code = {"coding": [{"code": "1", "display": "Heart-Rate"}], "text": "Pulse"}
    assert rows(observation(code=code), "strings", "code", text=":text") == [(0, "pulse", ""), (1, "heart rate", "")]
    identifier = [{"value": "1", "type": {"text": "Record Number", "coding": [{"display": "MR"}]}}]
    found = rows(patient(identifier=identifier), "strings", "identifier", text=":text")
    assert found == [(0, "record number", ""), (1, "mr", "")]


def test_strings_of_names_and_addresses() -> None:
    name = [{"family": "O'Brien", "given": ["José", "Ann"], "text": "José O'Brien"}]
    assert rows(patient(name=name), "strings", "name") == [
        (0, "o brien", "O'Brien"),
        (1, "jose", "José"),
        (2, "ann", "Ann"),
        (3, "jose o brien", "José O'Brien"),
        (4, "brien", ""),
        (5, "o brien", ""),
    ]
    assert rows(patient(name=name), "strings", "family") == [(0, "o brien", "O'Brien"), (1, "brien", "")]
    address = [{"line": ["1 Main St."], "city": "Łódź"}]
    found = [row[1] for row in rows(patient(address=address), "strings", "address")]
    assert found == ["1 main st", "łodz", "main st", "st"]


def test_long_texts_are_found_by_their_first_hundred_words() -> None:
    name = [{"text": " ".join(f"word{number}" for number in range(1000))}]
    found = [row[1] for row in rows(patient(name=name), "strings", "name")]
    assert (len(found), str(found[1])[:11], str(found[100])[:14]) == (101, "word1 word2", "word100 word10")
    assert {len(str(each)) for each in found[1:]} == {100}


def test_dates_of_every_kind() -> None:
    assert rows(patient(birthDate="1970-01-02"), "dates", "birthdate") == [(0, *(moment("1970-01-02") or ()))]
    timed = observation(effectivePeriod={"start": "2020", "end": "2021"})
    assert rows(timed, "dates", "date") == [(0, (moment("2020") or (0,))[0], (moment("2021") or (0, 0))[1])]
    assert rows(observation(effectiveDateTime="not a date"), "dates", "date") == []


def test_numbers_keep_units_and_ranges() -> None:
    value = {"value": 5.4, "unit": "mg/dL", "system": UCUM, "code": "mg/dL"}
    assert rows(observation(valueQuantity=value), "numbers", "value-quantity") == [
        (0, 5.4, 5.4, "mg/dL", system_key(UCUM), "mg/dL")
    ]
    onset = {"resourceType": "Condition", "onsetRange": {"low": {"value": 3, "code": "a"}}}
    assert rows(onset, "numbers", "onset-age") == [(0, 3.0, float("inf"), "a", 0, "")]
    money = {"resourceType": "Invoice", "totalGross": {"value": 10, "currency": "EUR"}}
    assert rows(money, "numbers", "totalgross") == [(0, 10.0, 10.0, "EUR", system_key("urn:iso:std:iso:4217"), "EUR")]
    risk = {"resourceType": "RiskAssessment", "prediction": [{"probabilityDecimal": 0.5}, {"probabilityDecimal": True}]}
    assert [row[1] for row in rows(risk, "numbers", "probability")] == [0.5]
    exact = parse(b'{"resourceType":"Observation","valueQuantity":{"value":7.00}}')
    assert [row[1] for row in rows(exact, "numbers", "value-quantity")] == [7.0]


def test_references_and_canonical_urls() -> None:
    subject = {"reference": "Patient/1/_history/2"}
    assert rows(observation(subject=subject), "references", "subject") == [(0, "Patient/1", None)]
    assert rows(observation(subject=subject), "references", "patient") == [(0, "Patient/1", None)]
    assert rows(observation(subject={"reference": "Group/1"}), "references", "patient") == []
    assert rows(observation(subject={"identifier": {"value": "1"}}), "references", "subject") == [(0, "", None)]
    assert rows({"resourceType": "Questionnaire", "url": "http://e.org/q"}, "uris", "url") == [(0, "http://e.org/q")]
    answers = {"resourceType": "QuestionnaireResponse", "questionnaire": "http://e.org/q|1"}
    assert rows(answers, "references", "questionnaire") == [(0, "http://e.org/q|1", None)]


def test_references_say_when_the_resource_was_that_has_them() -> None:
    named = {"subject": {"reference": "Patient/1"}}
    dated = observation(**named, effectivePeriod={"start": "2020-02", "end": "2021"})
    ((_, low, _),) = rows(dated, "dates", "date")
    assert (low,) == (moment("2020-02") or ())[:1]
    assert rows(dated, "references", "subject") == [(0, "Patient/1", low)]
    condition = {"resourceType": "Condition", **named, "recordedDate": "2020-02"}  # has no parameter of that name
    assert rows(condition, "references", "subject") == [(0, "Patient/1", None)]


def test_an_address_of_the_own_store_is_a_local_reference() -> None:
    indexer = Indexer(parameters("R4"), lambda text: text.removeprefix("https://me.example/"))
    found = indexer.rows(observation(subject={"reference": "https://me.example/Patient/1"}))
    assert {row[2] for row in found["references"]} == {"Patient/1"}


def test_composites_tie_a_code_to_the_value_beside_it() -> None:
    def part(code: str, value: float) -> dict[str, Any]:
        return {"code": {"coding": [{"system": LOINC, "code": code}]}, "valueQuantity": {"value": value, "code": "mm"}}

    resource = observation(code={"coding": [{"code": "bp"}]}, component=[part("8480-6", 120), part("8462-4", 80)])
    found = rows(resource, "pairs", "component-code-value-quantity")
    assert [(row[1], row[5]) for row in found] == [("8480-6", 120.0), ("8462-4", 80.0)]
    assert rows(resource, "pairs", "code-value-quantity") == []


def test_words_of_content_and_narrative() -> None:
    resource = patient(name=[{"family": "Ray", "given": ["Ann"]}], text={"div": "<div>Met <b>Ann</b> today</div>"})
    strings = Indexer(parameters("R4")).rows(resource)["strings"]
    assert {row[2] for row in strings if row[0] == CONTENT_KEY} == {"ray", "ann"}
    assert {row[2] for row in strings if row[0] == NARRATIVE_KEY} == {"met", "ann", "today"}


def test_r5_concepts_and_references_in_one_element() -> None:
    resource = {
        "resourceType": "MedicationRequest",
        "medication": {"concept": {"coding": [{"code": "c"}]}},
        "reason": [{"reference": {"reference": "Condition/1"}}],
    }
    assert rows(resource, "tokens", "code", "R5") == [(0, "c", NO_SYSTEM)]


def test_a_huge_resource_is_indexed_in_part() -> None:
    # Cloud Healthcare: search; of resources with more than 50,000 fields some may be left out
    resource = patient(identifier=[{"value": str(number)} for number in range(60_000)])
    assert len(Indexer(parameters("R4")).rows(resource)["tokens"]) == 50_000


@pytest.mark.parametrize("value", [None, 1, "x", [], [None], [1], {}, {"coding": 3}, {"coding": [None]}, [[{}]]])
@pytest.mark.parametrize(
    "name", ["code", "valueQuantity", "effectivePeriod", "subject", "component", "identifier", "meta", "text"]
)
def test_no_shape_of_json_breaks_the_index(name: str, value: Any) -> None:
    Indexer(parameters("R4")).rows(observation(**{name: value}))
