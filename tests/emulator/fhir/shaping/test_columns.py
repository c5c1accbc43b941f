from typing import Any

import pytest

from emulator.fhir.definitions import load
from emulator.fhir.shaping import columns, lossless
from emulator.fhir.shaping.rows import Shape, Shaper
from tests.support.fhir_data import Json, synthea_resources


def at(found: columns.Columns, path: str) -> Json:
    name, _, rest = path.partition(".")
    column = next(column for column in found if column["name"] == name)
    return at(column["fields"], rest) if rest else column


@pytest.mark.parametrize(
    ("name", "path", "type_", "mode"),
    [
        ("Patient", "id", "STRING", "NULLABLE"),
        ("Patient", "birthDate", "STRING", "NULLABLE"),
        ("Patient", "name", "RECORD", "REPEATED"),
        ("Patient", "name.given", "STRING", "REPEATED"),
        ("Patient", "deceased.boolean", "BOOLEAN", "NULLABLE"),
        ("Patient", "multipleBirth.integer", "INTEGER", "NULLABLE"),
        ("Patient", "managingOrganization.organizationId", "STRING", "NULLABLE"),
        ("Patient", "contained", "STRING", "REPEATED"),
        ("Observation", "value.quantity.value", "FLOAT", "NULLABLE"),
        ("Observation", "subject.reference", "STRING", "NULLABLE"),
        ("Observation", "value.codeableConcept.coding", "RECORD", "REPEATED"),
        ("CodeSystem", "concept.concept.code", "STRING", "NULLABLE"),
    ],
)
def test_a_column_is_of_its_type(name: str, path: str, type_: str, mode: str) -> None:
    found = at(columns.defined(load("R4"), name, Shape.ANALYTICS_V2), path)
    assert (found["type"], found["mode"]) == (type_, mode)


@pytest.mark.parametrize("path", ["contained", "name.id", "extension", "resourceType", "name.extension"])
def test_what_rows_lack_is_no_column(path: str) -> None:
    with pytest.raises(StopIteration):
        at(columns.defined(load("R4"), "Patient", Shape.ANALYTICS), path)


def test_the_depth_is_that_of_the_configuration() -> None:
    # SchemaConfig.recursiveStructureDepth: with 2 there is concept.concept but not concept.concept.concept.
    two, three = (columns.defined(load("R4"), "CodeSystem", Shape.ANALYTICS, depth) for depth in (2, 3))
    assert "concept" not in {column["name"] for column in at(two, "concept.concept")["fields"]}
    assert at(three, "concept.concept.concept")["type"] == "RECORD"


@pytest.mark.parametrize("version", ["DSTU2", "STU3", "R4", "R5"])
@pytest.mark.parametrize("shape", list(Shape))
def test_no_table_has_more_columns_than_bigquery_allows(version: str, shape: Shape) -> None:
    for name in load(version).resources:
        assert 3 < columns.count(columns.defined(load(version), name, shape)) <= columns.MOST


def fits(row: Any, found: columns.Columns) -> bool:
    """Whether each value of a row has a column of its type."""
    by_name = {column["name"]: column for column in found}
    return all(fits_one(each, by_name[name]) for name, value in row.items() for each in as_list(value, by_name[name]))


def as_list(value: Any, column: Json) -> list[Any]:
    assert isinstance(value, list) is (column["mode"] == "REPEATED")
    return value if isinstance(value, list) else [value]


def fits_one(value: Any, column: Json) -> bool:
    kinds: dict[str, Any] = {"STRING": str, "BOOLEAN": bool, "INTEGER": int, "FLOAT": (int, float), "RECORD": dict}
    right = value is None or isinstance(value, kinds[column["type"]])
    return right and (column["type"] != "RECORD" or fits(value, column["fields"]))


@pytest.mark.parametrize("version", ["STU3", "R4"])
@pytest.mark.parametrize("shape", list(Shape))
def test_the_rows_of_synthea_fit_their_tables(version: str, shape: Shape) -> None:
    shaper = Shaper(load(version), shape)
    tables: dict[str, columns.Columns] = {}
    rows = [(resource["resourceType"], shaper.row(resource)) for resource in synthea_resources(version)]
    for name, row in rows:
        table = tables.get(name) or columns.defined(load(version), name, shape)
        tables[name] = columns.merged(table, columns.of_row(row))
    assert all(fits(row, tables[name]) for name, row in rows)
    assert at(tables["Patient"], "us_core_race.ombCategory.value.coding.code")["type"] == "STRING"


def test_definitions_decide_what_a_number_is() -> None:
    table = columns.defined(load("R4"), "Patient", Shape.ANALYTICS)
    assert at(columns.merged(table, columns.of_row({"telecom": [{"rank": 1}]})), "telecom.rank")["type"] == "INTEGER"


def test_a_column_with_two_types_is_refused() -> None:
    table = columns.defined(load("R4"), "Patient", Shape.ANALYTICS_V2)
    with pytest.raises(columns.ColumnError, match="The column gender would be both NULLABLE and REPEATED"):
        columns.merged(table, columns.of_row({"gender": [{"value": {"string": "a"}}]}))


def test_lossless_rows_are_the_resource() -> None:
    patient = {"resourceType": "Patient", "name": [{"given": ["a", None], "_given": [None, {"id": "1"}]}], "x": None}
    wanted = {"resourceType": "Patient", "name": [{"given": ["a"], "_given": [{"id": "1"}]}]}
    assert lossless.row(patient) == wanted
    assert at(columns.of_row(lossless.row(patient)), "name._given.id")["type"] == "STRING"


def test_resources_in_lossless_rows_are_texts() -> None:
    patient = {"resourceType": "Patient", "contained": [{"resourceType": "Basic", "id": "1"}]}
    assert lossless.row(patient)["contained"] == ['{"id":"1","resourceType":"Basic"}']


@pytest.mark.parametrize("version", ["STU3", "R4"])
def test_lossless_rows_of_synthea_fit_their_tables(version: str) -> None:
    tables: dict[str, columns.Columns] = {}
    rows = [(resource["resourceType"], lossless.row(resource)) for resource in synthea_resources(version)]
    for name, row in rows:
        tables[name] = columns.merged(tables.get(name, []), columns.of_row(row))
    assert all(fits(row, tables[name]) for name, row in rows)


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("link", {"other", "type"}),
        ("link.other", {"display", "identifier", "patientId", "reference", "relatedPersonId"}),
        ("link.other.identifier.assigner", {"display", "identifier", "organizationId", "reference"}),
        ("link.other.identifier.assigner.identifier.assigner", {"display", "organizationId", "reference"}),
        ("link.other.identifier.type.coding", {"code", "display", "system", "userSelected", "version"}),
        ("contact", {"address", "gender", "name", "organization", "period", "relationship", "telecom"}),
        ("contact.organization", {"display", "identifier", "organizationId", "reference"}),
        ("deceased", {"boolean", "dateTime"}),
    ],
)
def test_columns_are_those_of_googles_public_dataset(path: str, names: set[str]) -> None:
    # bigquery-public-data.fhir_synthea.patient, an export of STU3, as published views of Looker name its columns.
    found = columns.defined(load("STU3"), "Patient", Shape.ANALYTICS)
    assert {column["name"] for column in at(found, path)["fields"]} == names
