"""Errors as Google answers them: a google.rpc.Status in the shape every client of Google's reads (AIP-193).

ApiError
    one class; the functions below make it, one for each code, so that HTTP status and reason live here only.
"""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """An answer other than 2xx.

    code is the HTTP status, status the google.rpc.Code name, reason the short word of the older JSON APIs. retry_after
    is after how many seconds the same call may work, 0 where that is not known.
    """

    retry_after = 0

    def __init__(
        self,
        code: int,
        status: str,
        message: str,
        reason: str,
        details: list[dict[str, Any]] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.message = message
        self.reason = reason
        self.details = details or []

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.code, self.status, self.message, self.reason, self.details)

    @property
    def rpc_code(self) -> int:
        """The numeric google.rpc.Code, as operations carry it."""
        return RPC_CODES.get(self.status, 2)

    def to_json(self) -> dict[str, Any]:
        """The body of the answer."""
        error: dict[str, Any] = {
            "code": self.code,
            "message": self.message,
            "errors": [{"message": self.message, "domain": "global", "reason": self.reason}],
            "status": self.status,
        }
        if self.details:
            error["details"] = self.details
        return {"error": error}

    def to_status(self) -> dict[str, Any]:
        """The google.rpc.Status that a failed operation carries."""
        status: dict[str, Any] = {"code": self.rpc_code, "message": self.message}
        if self.details:
            status["details"] = self.details
        return status


RPC_CODES = {
    "OK": 0,
    "CANCELLED": 1,
    "UNKNOWN": 2,
    "INVALID_ARGUMENT": 3,
    "DEADLINE_EXCEEDED": 4,
    "NOT_FOUND": 5,
    "ALREADY_EXISTS": 6,
    "PERMISSION_DENIED": 7,
    "RESOURCE_EXHAUSTED": 8,
    "FAILED_PRECONDITION": 9,
    "ABORTED": 10,
    "OUT_OF_RANGE": 11,
    "UNIMPLEMENTED": 12,
    "INTERNAL": 13,
    "UNAVAILABLE": 14,
    "DATA_LOSS": 15,
    "UNAUTHENTICATED": 16,
}


def invalid_argument(
    message: str, *, reason: str = "badRequest", details: list[dict[str, Any]] | None = None
) -> ApiError:
    """400: the request is wrong whatever the state."""
    return ApiError(400, "INVALID_ARGUMENT", message, reason, details)


def failed_precondition(
    message: str, *, reason: str = "failedPrecondition", details: list[dict[str, Any]] | None = None
) -> ApiError:
    """400: the state does not allow it."""
    return ApiError(400, "FAILED_PRECONDITION", message, reason, details)


def unauthenticated(message: str, *, reason: str = "required") -> ApiError:
    """401: who is asking is not known."""
    return ApiError(401, "UNAUTHENTICATED", message, reason)


def permission_denied(
    message: str, *, reason: str = "forbidden", details: list[dict[str, Any]] | None = None
) -> ApiError:
    """403: known, but not allowed (or it does not exist)."""
    return ApiError(403, "PERMISSION_DENIED", message, reason, details)


def not_found(message: str, *, reason: str = "notFound") -> ApiError:
    """404."""
    return ApiError(404, "NOT_FOUND", message, reason)


def already_exists(message: str, *, reason: str = "alreadyExists") -> ApiError:
    """409: the name is taken."""
    return ApiError(409, "ALREADY_EXISTS", message, reason)


def aborted(message: str, *, reason: str = "aborted") -> ApiError:
    """409: somebody else was quicker."""
    return ApiError(409, "ABORTED", message, reason)


def precondition_failed(message: str, *, reason: str = "conditionNotMet") -> ApiError:
    """412: a condition of the request's own does not hold."""
    return ApiError(412, "FAILED_PRECONDITION", message, reason)


def resource_exhausted(
    message: str, *, reason: str = "rateLimitExceeded", details: list[dict[str, Any]] | None = None
) -> ApiError:
    """429."""
    return ApiError(429, "RESOURCE_EXHAUSTED", message, reason, details)


def not_implemented(message: str, *, reason: str = "notImplemented") -> ApiError:
    """501: Google does it, this emulator does not."""
    return ApiError(501, "UNIMPLEMENTED", message, reason)


def storage_full(message: str, *, reason: str = "insufficientStorage") -> ApiError:
    """507: the disk is full. Not a code that clients retry, so that the sentence reaches a person at once."""
    return ApiError(507, "RESOURCE_EXHAUSTED", message, reason)


def unavailable(message: str, *, reason: str = "backendError") -> ApiError:
    """503: the same call may work when it is sent again."""
    return ApiError(503, "UNAVAILABLE", message, reason)
