from typing import Any

import pytest

from emulator.fhir.paths.beginnings import first_keys
from emulator.fhir.paths.compiling import asked, compiled, resolving
from emulator.fhir.paths.errors import PathError
from emulator.fhir.paths.unions import of_base

PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "a",
    "active": True,
    "birthDate": "1970-01-02",
    "_birthDate": {"extension": [{"url": "http://example.org/time", "valueDateTime": "1970-01-02T03:04:05Z"}]},
    "deceasedBoolean": False,
    "name": [{"family": "Ray", "given": ["Ann", None, "Bea"]}, {"text": "Ann Ray"}],
    "telecom": [{"system": "phone", "value": "1"}, {"system": "email", "value": "a@example.org"}],
    "extension": [{"url": "http://example.org/x", "valueString": "here"}, {"url": "http://example.org/y"}],
    "generalPractitioner": [{"reference": "Practitioner/1"}, {"reference": "http://h/fhir/Organization/2/_history/3"}],
    "link": [{"other": {"type": "Patient"}}],
}


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        ("Patient.active", [True]),
        ("Patient.name.given", ["Ann", "Bea"]),
        ("Patient.name.family | Patient.name.text", ["Ray", "Ann Ray"]),
        ("Patient.name | Patient.name", PATIENT["name"]),
        ("Patient.name[1].text", ["Ann Ray"]),
        ("Patient.name[2].text", []),
        ("Patient.name.given.first()", ["Ann"]),
        ("Patient.telecom.where(system='email').value", ["a@example.org"]),
        ("Patient.telecom.where(system='email' or value='1').count()", [2]),
        ("Patient.deceased", [False]),
        ("(Patient.deceased as boolean)", [False]),
        ("Patient.deceased.as(dateTime)", []),
        ("Patient.deceased.ofType(boolean)", [False]),
        ("Patient.deceased.exists()", [True]),
        ("Patient.photo.exists()", [False]),
        ("Patient.photo.exists() and Patient.photo != false", [False]),
        ("Patient.deceased.exists() and Patient.deceased != false", [False]),
        ("Patient.active.is(boolean)", [True]),
        ("Patient.birthDate.extension('http://example.org/time').value", ["1970-01-02T03:04:05Z"]),
        ("Patient.extension('http://example.org/x').value", ["here"]),
        ("Patient.extension.where(url='http://example.org/x').value.as(string)", ["here"]),
        ("Patient.generalPractitioner.where(resolve() is Practitioner).reference", ["Practitioner/1"]),
        ("Patient.generalPractitioner.where(resolve() is Organization).count()", [1]),
        ("Patient.link.other.where(resolve() is Patient).type", ["Patient"]),
        ("(id | active).first()", ["a"]),
        ("Patient.name.where(family.exists().not()).text", ["Ann Ray"]),
        ("%resource.id", ["a"]),
        ("Resource.id", ["a"]),
        ("Patient.name.where($this.text = 'Ann Ray').text", ["Ann Ray"]),
    ],
)
def test_an_expression_gives_what_fhirpath_gives(expression: str, values: list[Any]) -> None:
    assert compiled(expression)(PATIENT) == values


@pytest.mark.parametrize(
    ("expression", "part"),
    [
        ("Patient.name.soundex()", 'function "soundex"'),
        ("Patient.name[", "at character 14"),
        ("Patient.@", "at character 9"),
        ("Patient.name.where(use='a'", '")" is expected'),
        ("Patient..name", "at character 9"),
        ("", "at character 1"),
        ("Patient.name )", "its end is expected"),
        ("(" * 30 + "a" + ")" * 30, "brackets"),
        ("a.where(" * 30 + "b" + ")" * 30, "brackets"),
        ("a" * 5000, "too long"),
        ("Patient.where()", "needs a criterion"),
        ("id.matches('(a+)+$')", "not one that can be matched"),
        ("id.matches('^a*a*a*$')", "not one that can be matched"),
        ("id.matches('a+')", "not one that can be matched"),
        ("id.matches('a[b')", "is none"),
        ("id.matches(id)", 'function "matches"'),
    ],
)
def test_what_cannot_be_compiled_is_told_in_a_sentence(expression: str, part: str) -> None:
    with pytest.raises(PathError) as caught:
        compiled(expression)
    assert part in str(caught.value)
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("value", [None, 3, "text", [], [{"family": None}], {"family": {"deep": []}}])
def test_no_shape_of_json_breaks_an_expression(value: Any) -> None:
    for expression in ("Patient.name.family", "Patient.name.where(family='x')", "Patient.name.resolve() is Patient"):
        compiled(expression)({"resourceType": "Patient", "name": value})


def test_a_value_with_a_key_of_no_data_type_is_no_choice() -> None:
    assert compiled("ValueSet.value")({"valueSet": "x"}) == []


@pytest.mark.parametrize(
    ("expression", "inside", "outside"),
    [
        ("Observation.value.as(Quantity)", "valueQuantity", "code"),
        ("Observation.code | Observation.component.code", "component", "value"),
        ("Patient.extension('http://example.org/x').value", "extension", "name"),
    ],
)
def test_the_keys_that_an_expression_needs(expression: str, inside: str, outside: str) -> None:
    keys = first_keys(expression)
    assert keys is not None
    assert inside in keys
    assert outside not in keys


@pytest.mark.parametrize("expression", ["Patient.deceased.exists()", "Observation", "a.exists() and b != false"])
def test_an_expression_that_may_give_something_of_nothing(expression: str) -> None:
    assert first_keys(expression) is None


def test_the_sides_of_a_union_by_their_type() -> None:
    union = "Patient.name | (Person.name as HumanName) | Patient.telecom.where(a='b|c') | (start | end).first()"
    assert of_base(union, "Patient") == "Patient.name | Patient.telecom.where(a='b|c')"
    assert of_base(union, "Person") == "(Person.name as HumanName)"
    assert of_base(union, "Appointment") == "(start | end).first()"
    assert of_base("Patient.name", "Person") == ""


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        ("id.startsWith('a') implies id.contains('b')", [True]),
        ("id.startsWith('x') implies false", [True]),
        ("active xor true", [False]),
        ("id in ('abc' | 'd')", [True]),
        ("('abc' | 'd') contains id", [True]),
        ("id & '-' & none", ["abc-"]),
        ("list.count() + 1 > 2", [True]),
        ("list.select(n).isDistinct()", [False]),
        ("list.tail().n", [1]),
        ("descendants().where($this = 1).count()", [2]),
        ("id.substring(1)", ["bc"]),
        ("id.substring('a')", []),
        ("id.matches('^[a-c]+$')", [True]),
        ("iif(active, 'yes', 'no')", ["yes"]),
        ("day < '2020-06'", [True]),
        ("day < '2020-05'", []),
        ("time < '2020-05-01T10:00:00'", []),
        ("time <= '2020-05-01T12:00:00+02:00'", [True]),
        ("list + list", []),
    ],
)
def test_what_invariants_ask(expression: str, values: list[Any]) -> None:
    day = {"day": "2020-05-01", "time": "2020-05-01T10:00:00Z"}
    resource = {"id": "abc", "active": True, "list": [{"n": 1}, {"n": 1}], **day}
    assert compiled(expression)(resource) == values


@pytest.mark.parametrize("step", ["select($this.combine($this))", "descendants().select(%resource.descendants())"])
def test_values_that_multiply_are_cut(step: str) -> None:
    resource = {"resourceType": "Patient", "name": [{"given": ["a"] * 400}]}
    assert len(compiled("Patient.name" + f".{step}" * 40)(resource)) <= 100_000


@pytest.mark.parametrize(
    "expression",
    [
        "entry.where(%resource.entry.where(%resource.entry.where(id = 'z').exists()).exists()).empty()",
        "entry.select(%resource.entry).distinct().count()",
        "entry.select(%resource.descendants().where($this = %resource)).count()",
        "entry.select(%resource.text.contains('z')).count()",
    ],
)
def test_what_is_too_much_work_is_unknown(expression: str) -> None:
    resource = {"text": "x" * 1_000_000, "entry": [{"id": str(number)} for number in range(1000)]}
    assert compiled(expression)(resource) == []
    assert compiled("entry.id.count()")(resource) == [1000]


@pytest.mark.parametrize("expression", ["a" + ".a" * 1900, "a" + "[0]" * 1200, "&".join("a" * 900)])
def test_expressions_that_are_nested_too_deep_are_refused(expression: str) -> None:
    with pytest.raises(PathError, match="More than 200 steps build on each other"):
        compiled(expression)


def test_references_are_followed_where_they_can_be_read() -> None:
    resource = {
        "resourceType": "Observation",
        "subject": {"reference": "Patient/a"},
        "performer": [{"reference": "#p"}, {"reference": "Group/none"}],
        "contained": [{"resourceType": "Practitioner", "id": "p"}],
    }
    patient = {"resourceType": "Patient", "gender": "male"}
    known = {"Patient/a": patient}
    assert resolving("Observation.subject.resolve()")(resource, known.get) == [patient]
    assert resolving("Observation.subject.resolve().gender = 'male'")(resource, known.get) == [True]
    assert resolving("Observation.performer.resolve().id")(resource, known.get) == ["p"]
    assert resolving("%resource.subject.reference")(resource, known.get) == ["Patient/a"]
    assert resolving("Observation.subject.where(resolve() is Patient).exists()")(resource, known.get) == [True]


@pytest.mark.parametrize(
    ("expression", "truth"),
    [
        ("active", True),
        ("active.not()", False),
        ("none", None),
        ("none.not()", None),
        ("id", True),
        ("id = 'abc'", True),
        ("list.n = 1", False),
        ("list.n = list.n", True),
        ("list.n != none", None),
        ("none or active", True),
        ("none and active", None),
        ("none and active.not()", False),
        ("none implies none", None),
        ("none xor active", None),
        ("id.exists() = active.not()", False),
        ("id.exists() != (none = 1)", None),
        ("list.exists(n = 2)", False),
        ("list.all(n.exists() = (%resource.id = 'abc'))", True),
        ("list.all(n.exists() = (%resource.id = 'other'))", False),
        ("list.all(n.exists() = (%resource.none = 'abc'))", False),
        ("none.all(n.exists() = (%resource.id = 'other'))", True),
        ("list.all(n.exists() = (%resource.id = 'abc' and m.exists()))", False),
    ],
)
def test_what_is_asked_is_true_false_or_unknown(expression: str, truth: bool | None) -> None:
    # FHIRPath 2.0: boolean logic; singleton evaluation of collections
    resource = {"id": "abc", "active": True, "list": [{"n": 1}, {"n": 1}]}
    assert asked(expression)(resource) is truth
    values = compiled(expression)(resource)
    assert (values[0] if values and isinstance(values[0], bool) else bool(values) or None) is truth


def test_a_question_that_is_too_much_work_is_unknown() -> None:
    expression = "entry.where(%resource.entry.where(%resource.entry.where(id = 'z').exists()).exists()).empty()"
    assert asked(expression)({"entry": [{"id": str(number)} for number in range(1000)]}) is None
