"""What all patients share: the hospital, its physicians, and where the images are. The same in R4 and STU3."""

from __future__ import annotations

from collections.abc import Iterator

from emulator.hospital.fhir.concepts import Json, concept, hl7, identifier, of_physician, reference, resource
from emulator.hospital.people import NAME, RADIOLOGISTS, REFERRERS


def shared(seed: int, dicomweb: str) -> Iterator[Json]:
    """Organization, Endpoint and Practitioners; `dicomweb` is the address of the store with the films.

    The Endpoint is the only resource of a seed that is not the same everywhere, since it has that address.
    """
    yield {
        **resource("Organization", seed, "hospital"),
        "identifier": [identifier("PRN", "Provider number", f"HOSPITAL-{seed}")],
        "active": True,
        "name": NAME,
        "address": [{"line": ["1 Example Street"], "city": "Testville"}],
    }
    yield {
        **resource("Endpoint", seed, "films"),
        "status": "active",
        "connectionType": hl7("endpoint-connection-type", "dicom-wado-rs", "DICOM WADO-RS"),
        "name": f"Films of the {NAME}",
        "managingOrganization": reference("Organization", seed, "hospital"),
        "payloadType": [concept(hl7("endpoint-payload-type", "any", "Any"))],
        "payloadMimeType": ["application/dicom"],
        "address": dicomweb,
    }
    for who in (*REFERRERS, *RADIOLOGISTS):
        yield {
            **resource("Practitioner", seed, of_physician(who)),
            "identifier": [identifier("EI", "Employee number", f"{who.role.upper()}-{who.number}")],
            "active": True,
            "name": [{"use": "official", "family": who.family, "given": [who.given]}],
        }
