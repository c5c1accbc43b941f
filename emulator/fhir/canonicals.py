"""Types of resources that are definitions, which a canonical URL names: Questionnaire, ValueSet."""

from emulator.fhir.definitions import Definitions


def is_canonical(definitions: Definitions, resource_type: str) -> bool:
    """Whether a type's url says what it is: it has a version and a status beside. A device's is where it is reached."""
    found = {name: element.types for name, (element, _) in definitions[resource_type].fields.items()}
    has_version = found.get("url") == ("uri",) and found.get("version") == ("string",) and "status" in found
    return has_version and resource_type != "Device"
