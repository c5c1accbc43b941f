import pytest

from emulator.fhir import definitions
from emulator.fhir.definitions import Definitions, choice_names

# StructureDefinitions of concrete resources in the profiles of DSTU2, in profiles-resources.xml of STU3 and R4 and in
# hl7.fhir.r5.core.
COUNTS = {"DSTU2": 94, "STU3": 117, "R4": 146, "R5": 158}


@pytest.fixture(params=sorted(COUNTS))
def loaded(request: pytest.FixtureRequest) -> Definitions:
    return definitions.load(request.param)


@pytest.mark.parametrize("version", sorted(COUNTS))
def test_a_version_has_all_its_resources(version: str) -> None:
    assert len(definitions.load(version).resources) == COUNTS[version]


def test_every_type_and_base_that_is_named_is_there(loaded: Definitions) -> None:
    for name in loaded.names:
        found = loaded[name]
        assert not found.base or found.base in loaded.names
        for element in found.elements.values():
            assert set(element.types) <= loaded.names, (name, element.name)
            assert element.types or element.max == 0


def test_every_reference_points_at_a_resource(loaded: Definitions) -> None:
    for name in loaded.names:
        for element in loaded[name].elements.values():
            assert all(loaded.is_a(target, "Resource") for target in element.targets), (name, element)


def test_elements_are_inherited_first(loaded: Definitions) -> None:
    names = list(loaded["Patient"].elements)
    assert names[:4] == ["id", "meta", "implicitRules", "language"]
    assert names[4:9] == ["text", "contained", "extension", "modifierExtension", "identifier"]


def test_a_required_binding_lists_its_codes(loaded: Definitions) -> None:
    assert loaded["Patient"].elements["gender"].codes == frozenset({"male", "female", "other", "unknown"})


def test_codes_of_systems_that_are_not_fhirs_are_not_listed(loaded: Definitions) -> None:
    assert loaded["Attachment"].elements["contentType"].codes is None


def test_a_choice_has_a_name_for_each_type(loaded: Definitions) -> None:
    fields = loaded["Observation"].fields
    assert fields["valueQuantity"][1] == "Quantity"
    assert fields["valueDateTime"][1] == "dateTime"
    assert "value[x]" not in fields


def test_the_names_of_choices_are_those_of_all_versions() -> None:
    assert choice_names()["multipleBirth"] == {"multipleBirthBoolean", "multipleBirthInteger"}
    assert "valueInteger64" in choice_names()["value"]
    assert "response" not in choice_names()  # TestScript.setup.action.assert has a responseCode, too


def test_an_element_that_is_defined_elsewhere_has_that_type() -> None:
    assert definitions.load("R4")["Questionnaire.item"].elements["item"].types == ("Questionnaire.item",)


def test_a_profile_of_quantity_is_named_as_a_quantity() -> None:
    fields = definitions.load("R4")["Dosage.doseAndRate"].fields
    assert fields["doseQuantity"][1] == "SimpleQuantity"
    assert definitions.load("R4").is_a("SimpleQuantity", "Quantity")


def test_invariants_are_those_of_severity_error() -> None:
    observation = definitions.load("R4")["Observation"]
    keys = [each.key for each in observation.constraints]
    assert {"dom-2", "obs-6", "obs-7"} <= set(keys)
    assert "dom-6" not in keys  # a warning: a resource should have a narrative


def test_a_version_has_no_type_of_another() -> None:
    assert definitions.load("STU3").type("ServiceRequest") is None
    assert definitions.load("R4").type("ProcedureRequest") is None
    with pytest.raises(KeyError, match="ServiceRequest"):
        definitions.load("STU3")["ServiceRequest"]


def test_definitions_say_which_version_they_are(loaded: Definitions) -> None:
    assert loaded.number in {"1.0.2", "3.0.1", "4.0.1", "5.0.0"}
    assert definitions.load("R4") is definitions.load("R4")
