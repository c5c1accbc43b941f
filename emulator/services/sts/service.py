"""The service object of the Security Token Service, whose callers have no credentials yet and may send forms."""

from __future__ import annotations

from emulator.errors import ApiError
from emulator.gateway.discovery import Method
from emulator.gateway.request import Response
from emulator.gateway.service import Service

SERVICE = Service("sts", documents=("sts.v1",), public=True, forms=True, data=("sts.token",))
_REASONS = ("invalid_request", "invalid_grant", "invalid_target", "unauthorized_client", "unsupported_grant_type")


def _worded(_: Method, error: ApiError) -> Response | None:
    """An error as OAuth words it (RFC 6749 5.2); None for those that are not of the exchange."""
    if error.code != 400:
        return None
    reason = error.reason if error.reason in _REASONS else "invalid_request"
    return Response.json({"error": reason, "error_description": error.message}, 400)


SERVICE.encode_error = _worded
