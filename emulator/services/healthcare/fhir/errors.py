"""What FHIR stores refuse, as OperationOutcome. Texts and sentences that are Google's are marked; others are ours."""

from collections.abc import Iterable

from emulator.errors import RPC_CODES, ApiError
from emulator.fhir import parsing
from emulator.fhir.outcomes import Issue, Refused
from emulator.gateway.discovery import Method
from emulator.gateway.request import Response

JSON = "application/fhir+json;charset=utf-8"
_GENERIC = frozenset((304, 401, 403, 499, 501))
"""Answered before a request reaches a store: in the JSON of all of Google's APIs."""
_CODES = {
    400: ("invalid", "INVALID_ARGUMENT"),
    403: ("forbidden", "PERMISSION_DENIED"),
    404: ("not-found", "NOT_FOUND"),
    405: ("not-supported", "UNIMPLEMENTED"),
    409: ("conflict", "ABORTED"),
    410: ("deleted", "NOT_FOUND"),
    412: ("conflict", "FAILED_PRECONDITION"),
    413: ("too-long", "INVALID_ARGUMENT"),
    415: ("not-supported", "INVALID_ARGUMENT"),
    429: ("too-costly", "RESOURCE_EXHAUSTED"),
    503: ("transient", "UNAVAILABLE"),
}


class FhirError(ApiError):
    """A refusal on its way out: what the audit log may say of it, and the OperationOutcome that the caller gets.

    `version` is that of the store's FHIR.
    """

    def __init__(self, refused: Refused, version: str) -> None:
        status = _CODES.get(refused.status, ("", "INVALID_ARGUMENT"))[1]
        super().__init__(refused.status, status, str(refused), status.lower())
        self.outcome = refused.outcome(version)


class Unfit(Refused):
    """What can't be imported, in a sentence that quotes nothing of a resource, so that it may be logged."""

    def __init__(self, sentence: str) -> None:
        super().__init__(400, [Issue("structure", "unparseable_resource", sentence, unquoted=sentence)])
        self.sentence = sentence

    def __str__(self) -> str:
        return self.sentence


def word(_method: Method, error: ApiError) -> Response | None:
    """An error of a FHIR method as OperationOutcome; None for what is refused before a store is asked.

    That are, of 400s, parameters that the method does not have or that are of another type: these have details.
    """
    if isinstance(error, FhirError):
        outcome = error.outcome
    elif error.code in _GENERIC or (error.code == 400 and error.details):
        return None
    else:
        outcome = refused_of(error).outcome("R4")
    return Response(error.code, {"content-type": JSON}, parsing.readable(outcome))


def refused_of(error: ApiError) -> Refused:
    """An error of another part of the emulator as FHIR has it."""
    code = _CODES.get(error.code, ("exception",))[0]
    text = "operation_too_costly" if error.code == 429 else error.status.lower()
    return Refused(error.code, [Issue(code, text, error.message)])


def api_error_of(refused: Refused) -> ApiError:
    """A refusal as an error of Google's, for operations and logs: it quotes nothing of a resource."""
    status = _CODES.get(refused.status, ("", "INVALID_ARGUMENT"))[1]
    return ApiError(refused.status, status if status in RPC_CODES else "UNKNOWN", str(refused), status.lower())


def _refused(status: int, code: str, text: str, sentence: str) -> Refused:
    return Refused(status, [Issue(code, text, sentence)])


def no_store(name: str) -> Refused:
    """No such store."""
    return _refused(404, "not-found", "store_not_found", f"FHIR store not found: {name}")


def no_type(name: str) -> Refused:
    """No such type of resource in the store's version. Google's words (google-api-go-client, issue 522)."""
    return _refused(400, "not-supported", "bad_resource_type", f"unsupported resource type: {name[:80]}")


def another_type(wanted: str) -> Refused:
    """A resource of another type than the path says."""
    return _refused(
        400, "invalid", "bad_resource_type", f"the resource type of the body must be that of the path, {wanted}"
    )


def bad_id(identifier: str) -> Refused:
    """What is no id where one is due. Google's sentence."""
    return _refused(400, "invalid", "invalid_id", f"invalid ID '{identifier[:80]}'")


def another_id(wanted: str, given: object) -> Refused:
    """A resource whose id is not the one that the path says. Google's words."""
    what = f"resource id mismatch, id of specified resource: {wanted}, id from payload: {str(given or '')[:80]}"
    return _refused(400, "structure", "resource_mismatch", what)


def not_found(relative: str) -> Refused:
    """No such resource, Type/id. Google's sentence."""
    return _refused(404, "not-found", "resource_not_found", f"resource not found: {relative}")


def no_version(relative: str) -> Refused:
    """No such version of a resource, Type/id/_history/version."""
    return _refused(404, "not-found", "resource_version_not_found", f"resource version not found: {relative}")


def gone(relative: str) -> Refused:
    """A resource that was deleted."""
    return _refused(410, "deleted", "resource_deleted", f"resource was deleted: {relative}")


def no_versioning() -> Refused:
    """A store without versions is asked for one."""
    return _refused(400, "not-supported", "versioning_disabled", "resource versioning is disabled on this FHIR store")


def no_update_create(relative: str) -> Refused:
    """An update of nothing, where the store does not let clients choose ids."""
    return _refused(
        404,
        "not-found",
        "resource_not_found",
        f"resource not found: {relative}; to create it with this ID, set enableUpdateCreate on the FHIR store",
    )


def stale(relative: str, current: str) -> Refused:
    """A precondition on the version of a resource does not hold."""
    now = f"its version is {current}" if current else "it does not exist"
    return _refused(412, "conflict", "version_conflict", f"the precondition on {relative} does not hold: {now}")


def multiple_matches(resource_type: str) -> Refused:
    """Criteria that several resources match. The status is documented; for the code a client of Google's looks."""
    return _refused(412, "conflict", "multiple_matches", f"more than one {resource_type} matches the search criteria")


def no_match(resource_type: str) -> Refused:
    """Criteria that no resource matches."""
    return _refused(404, "not-found", "resource_not_found", f"no {resource_type} matches the search criteria")


def bad_references(wrong: Iterable[tuple[str, str]]) -> Refused:
    """References that cannot be: of each its place and what is wrong. Google's text."""
    return Refused(400, [Issue("invalid", "invalid_references", words, place=place) for place, words in wrong])


def referenced(relative: str, by: str) -> Refused:
    """A deletion that would leave a reference to nothing."""
    return _refused(409, "conflict", "resource_referenced", f"something else refers to it: {by} refers to {relative}")


def same_canonical(resource_type: str, other: str) -> Refused:
    """A canonical URL and version that another resource of the type has. The status is Google's."""
    sentence = f"a {resource_type} with this url and version exists: {other}"
    return _refused(409, "conflict", "duplicate_canonical", sentence)


def full_microsecond() -> Refused:
    """One version more than fit into a microsecond of a store."""
    return too_costly("The store has 1,024 versions of that microsecond already, which is all that it holds.")


def bad_search(sentence: str) -> Refused:
    """A search that can't be made. Google's code and text."""
    return _refused(400, "value", "invalid_query", sentence)


def forbidden(permission: str, resource: str) -> Refused:
    """A right that the caller lacks for an entry of a bundle."""
    sentence = f"Permission {permission!r} denied on resource {resource!r} (or it may not exist)."
    return _refused(403, "forbidden", "permission_denied", sentence)


def bad_request(text: str, sentence: str) -> Refused:
    """A header or parameter that cannot be followed: a short name for what is wrong, and the sentence."""
    return _refused(400, "invalid", text, sentence)


def bad_media(given: str, *taken: str) -> Refused:
    """A body of a kind that is not taken there."""
    return _refused(
        415, "not-supported", "unsupported_media_type", f"Content-Type {given[:80]!r}: send {' or '.join(taken)}"
    )


def no_such_answer(given: str) -> Refused:
    """An Accept header that wants what cannot be given."""
    return _refused(
        406, "not-supported", "unsupported_media_type", f"Accept {given[:80]!r}: answers are application/fhir+json"
    )


def too_costly(sentence: str) -> Refused:
    """More than is done in one call. Google's text."""
    return _refused(429, "too-costly", "operation_too_costly", sentence)


def bad_scope(sentence: str) -> Refused:
    """A consent scope that can't be, or is missing. Google's form."""
    return _refused(403, "security", "permission_denied", sentence)


def no_smart_scope(action: str, what: str, patient: str = "") -> Refused:
    """What the SMART scopes of a request do not permit, or do to the resources of a patient only."""
    whose = " that is not known to belong to the patient of X-Authorization-Patient" if patient else ""
    sentence = f"no scope of the header X-Authorization-Scope permits to {action} {what}{whose}"
    return _refused(403, "security", "permission_denied", sentence)


def no_consent() -> Refused:
    """What consents do not permit, or is not there. Google's sentence."""
    return bad_scope("Consent access denied or the resource being accessed does not exist")
