import json
import tarfile
from io import BytesIO
from pathlib import Path
from typing import Any

from emulator.fhir.extract import dstu2, reading, structures
from emulator.fhir.extract.terminology import Terminology

XML = """<Bundle xmlns="http://hl7.org/fhir"><entry><resource><StructureDefinition>
  <url value="http://example.org/Thing"/><name value="Thing"/><kind value="resource"/><abstract value="false"/>
  <type value="Thing"/><baseDefinition value="http://example.org/DomainResource"/>
  <differential>
    <element id="Thing"><path value="Thing"/><min value="0"/><max value="*"/>
      <constraint><key value="thi-1"/><severity value="error"/><expression value="state.exists()"/></constraint>
      <constraint><key value="thi-2"/><severity value="warning"/><expression value="true"/></constraint>
    </element>
    <element><path value="Thing.state"/><min value="1"/><max value="1"/><type><code value="code"/></type>
      <binding><strength value="required"/><valueSet value="http://example.org/states|1"/></binding></element>
    <element><path value="Thing.part"/><min value="0"/><max value="*"/>
      <type><code value="BackboneElement"/></type></element>
    <element><path value="Thing.part.of"/><min value="0"/><max value="1"/>
      <type><code value="Reference"/><targetProfile value="http://example.org/Patient"/></type>
      <type><code value="Reference"/><targetProfile value="http://example.org/Group"/></type></element>
    <element><path value="Thing.part.part"/><min value="0"/><max value="3"/>
      <contentReference value="#Thing.part"/></element>
  </differential>
</StructureDefinition></resource></entry></Bundle>"""

SYSTEM = {
    "resourceType": "CodeSystem",
    "url": "http://example.org/system",
    "content": "complete",
    "concept": [{"code": "on", "concept": [{"code": "dimmed"}]}, {"code": "off"}],
}


def value_set(name: str, *includes: Any, exclude: Any = None) -> dict[str, Any]:
    compose = {"include": list(includes)} | ({"exclude": [exclude]} if exclude else {})
    return {"resourceType": "ValueSet", "url": f"http://example.org/{name}", "compose": compose}


def terminology(folder: Path, *resources: Any) -> Terminology:
    file = folder / "terms.json"
    file.write_text(json.dumps({"resourceType": "Bundle", "entry": [{"resource": each} for each in resources]}))
    return Terminology(list(reading.resources(file)))


def test_a_definition_becomes_rows(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(XML)
    (definition,) = reading.resources(tmp_path / "a.xml")
    codes: dict[str, list[str]] = {}
    terms = terminology(tmp_path, SYSTEM, value_set("states", {"system": "http://example.org/system"}))
    assert structures.is_needed(definition)
    assert structures.rows(definition, terms, codes) == {
        "Thing": {
            "kind": "resource",
            "base": "DomainResource",
            "constraints": [["thi-1", "state.exists()"]],
            "elements": {
                "state": {"types": ["code"], "min": 1, "codes": "states"},
                "part": {"types": ["Thing.part"], "max": None},
            },
        },
        "Thing.part": {
            "kind": "inner",
            "base": "BackboneElement",
            "elements": {
                "of": {"types": ["Reference"], "targets": ["Patient", "Group"]},
                "part": {"types": ["Thing.part"], "max": 3},
            },
        },
    }
    assert codes == {"states": ["dimmed", "off", "on"]}


def test_value_sets_list_filter_import_and_exclude(tmp_path: Path) -> None:
    system = "http://example.org/system"
    below = [{"property": "concept", "op": "is-a", "value": "on"}]
    terms = terminology(
        tmp_path,
        SYSTEM,
        value_set("some", {"system": system, "concept": [{"code": "on"}]}),
        value_set("below", {"system": system, "filter": below}),
        value_set("both", {"system": system}, exclude={"valueSet": ["http://example.org/below"]}),
        value_set("foreign", {"system": system}, {"system": "urn:ietf:bcp:47"}),
    )
    assert terms.codes("http://example.org/some|4.0.1") == frozenset({"on"})
    assert terms.codes("http://example.org/below") == frozenset({"on", "dimmed"})
    assert terms.codes("http://example.org/both") == frozenset({"off"})
    assert terms.codes("http://example.org/foreign") is None
    assert terms.codes("http://example.org/none") is None


def test_a_package_is_read(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tgz", "w:gz") as package:
        for name, content in (("package/a.json", SYSTEM), ("package/package.json", {"name": "x"})):
            member = tarfile.TarInfo(name)
            raw = json.dumps(content).encode()
            member.size = len(raw)
            package.addfile(member, BytesIO(raw))
    assert [reading.text(each, "url") for each in reading.resources(tmp_path / "a.tgz")] == [
        "http://example.org/system"
    ]


EARLY = """<StructureDefinition xmlns="http://hl7.org/fhir">
  <url value="http://example.org/Thing"/><name value="Thing"/><kind value="resource"/><fhirVersion value="1.0.2"/>
  <abstract value="false"/><base value="http://example.org/DomainResource"/>
  <differential>
    <element><path value="Thing"/><constraint><key value="thi-1"/><severity value="error"/></constraint></element>
    <element><path value="Thing.of"/><min value="1"/><max value="1"/>
      <type><code value="Reference"/><profile value="http://hl7.org/fhir/StructureDefinition/Patient"/></type></element>
    <element><path value="Thing.age"/><max value="1"/>
      <type><code value="Quantity"/><profile value="http://hl7.org/fhir/StructureDefinition/Age"/></type></element>
    <element><path value="Thing.part"/><name value="portion"/><max value="*"/>
      <type><code value="BackboneElement"/></type></element>
    <element><path value="Thing.part.part"/><max value="*"/><nameReference value="portion"/></element>
    <element><path value="Thing.state"/><max value="1"/><type><code value="code"/></type>
      <binding><strength value="required"/>
        <valueSetReference><reference value="http://example.org/states"/></valueSetReference></binding></element>
  </differential>
</StructureDefinition>"""
EARLY_CODES = {
    "resourceType": "ValueSet",
    "url": "http://example.org/states",
    "codeSystem": {"system": "http://example.org/system", "concept": SYSTEM["concept"]},
}


def test_definitions_of_dstu2_become_rows_too(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(EARLY)
    (tmp_path / "b.xml").write_text(EARLY.replace("1.0.2", "0.5.0").replace("Thing", "Draft"))
    (tmp_path / "c.json").write_text(json.dumps(EARLY_CODES))
    files = sorted(tmp_path.iterdir())
    resources = dstu2.later([resource for file in files for resource in reading.resources(file)])
    codes: dict[str, list[str]] = {}
    (definition,) = filter(structures.is_needed, resources)
    found = structures.rows(definition, Terminology(resources), codes)
    assert found["Thing"] == {
        "kind": "resource",
        "base": "DomainResource",
        "elements": {
            "of": {"types": ["Reference"], "min": 1, "targets": ["Patient"]},
            "age": {"types": ["Quantity"]},
            "part": {"types": ["Thing.part"], "max": None},
            "state": {"types": ["code"], "codes": "states"},
        },
    }
    assert found["Thing.part"]["elements"] == {"part": {"types": ["Thing.part"], "max": None}}
    assert codes == {"states": ["dimmed", "off", "on"]}
