"""Consent-enforcement-status: what became of Consents when they were applied last."""

from emulator.fhir.search.tables import microseconds_of
from emulator.gateway import paging
from emulator.gateway.request import Answer, Request
from emulator.services.healthcare.fhir import instants
from emulator.services.healthcare.fhir.consents import access, reading, tables
from emulator.services.healthcare.fhir.rest import answers, paths
from emulator.services.healthcare.fhir.rest.interactions import GET, interaction
from emulator.services.healthcare.fhir.rest.pages import asked, links
from emulator.services.healthcare.fhir.stored import Json, Store


@interaction("fhir.Consent-enforcement-status", GET)
async def of_consent(request: Request) -> Answer:
    """The status of one Consent as Parameters."""
    answers.require_json(request)
    target = paths.target_of(request)
    found = access.of(request, target.store).current(request.context.db.reader, target.type, target.id)
    return answers.json(_parameters(request, target.store, found.id))


@interaction("fhir.Patient-consent-enforcement-status", GET)
async def of_patient(request: Request) -> Answer:
    """The status of each Consent of a patient, by id, as a bundle of Parameters."""
    answers.require_json(request)
    target = paths.target_of(request)
    store, reader, page = target.store, request.context.db.reader, asked(request.query, str)
    permitted = access.of(request, store)
    patient = permitted.current(reader, target.type, target.id)
    given = [each for each in reading.given_by(reader, store, patient.relative) if permitted.sees(reader, each)]
    ids = sorted(each.id for each in given)
    left = [each for each in ids if not page.after or each > page.after[0]]
    shown = left[: page.size]
    address = f"{paths.base(request, store.name)}/{patient.relative}/$consent-enforcement-status"
    following = paging.encode(shown[-1]) if len(left) > page.size else ""
    before = len(ids) - len(left) - page.size
    previous = None if page.after is None else paging.encode(ids[before - 1]) if before > 0 else ""
    entries = [{"resource": _parameters(request, store, each)} for each in shown]
    found = links(address, request.raw_query, following, previous)
    bundle: Json = {"link": found, "resourceType": "Bundle", "total": len(ids), "type": "searchset"}
    return answers.json({**bundle, "entry": entries} if entries else bundle)


def _parameters(request: Request, store: Store, identifier: str) -> Json:
    found = tables.of_id(request.context.db.reader, store.key, identifier)
    parameters: list[Json] = [{"name": "id", "valueId": identifier}]
    if found is not None:
        version = instants.version_id(microseconds_of(found.rid))
        parameters.append({"name": "lastUpdated", "valueInstant": instants.last_updated(found.applied)})
        parameters.append({"name": "versionId", "valueId": version})
    status = tables.OFF if found is None else found.status
    parameters.append({"name": "consent-enforcement-status", "valueCode": status})
    if found is not None and found.problem:
        parameters.append({"name": "error", "valueString": found.problem})
    return {"parameter": parameters, "resourceType": "Parameters"}
