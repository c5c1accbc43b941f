"""XML out: errors and small documents of the XML API (https://cloud.google.com/storage/docs/xml-api/reference-status)."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape

from emulator.errors import ApiError
from emulator.gateway.request import Response

_NO_CHARACTER = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
CONTENT_TYPE = "application/xml; charset=UTF-8"
_CODES = {
    "notFound": "NoSuchKey",
    "conflict": "Conflict",
    "conditionNotMet": "PreconditionFailed",
    "forbidden": "AccessDenied",
    "required": "InvalidArgument",
    "invalid": "InvalidArgument",
    "retentionPolicyNotMet": "ObjectUnderRetention",
    "objectUnderActiveHold": "ObjectUnderActiveHold",
    "cloudKmsBadKey": "CloudKmsBadKey",
    "cloudKmsDisabledKey": "CloudKmsDisabledKey",
    "cloudKmsKeyLocationNotAllowed": "CloudKmsKeyLocationNotAllowed",
    "notImplemented": "NotImplemented",
    "methodNotAllowed": "MethodNotAllowed",
}


def text(value: str) -> str:
    """A text as an element may hold it: what XML 1.0 has no place for (2.2) becomes a replacement character."""
    return escape(_NO_CHARACTER.sub("\ufffd", value))


def document(root: str, **fields: str) -> Response:
    """A document of one level: `document("InitiateMultipartUploadResult", Bucket=..., Key=...)`."""
    inner = "".join(f"<{name}>{text(value)}</{name}>" for name, value in fields.items())
    body = f"<?xml version='1.0' encoding='UTF-8'?><{root} xmlns='{NAMESPACE}'>{inner}</{root}>"
    return Response(200, {"content-type": CONTENT_TYPE}, body.encode())


def error_response(error: ApiError) -> Response:
    """An error as the XML API answers it; a 304 has no body."""
    if error.code == 304:
        return Response(304)
    code = "AccessDenied" if error.code == 401 else _CODES.get(error.reason, error.reason)
    if "bucket does not exist" in error.message:
        code = "NoSuchBucket"
    if "doesn't match calculated" in error.message:
        code = "BadDigest"
    message = text(error.message)
    body = (
        "<?xml version='1.0' encoding='UTF-8'?>"
        f"<Error><Code>{code}</Code><Message>{message}</Message><Details>{message}</Details></Error>"
    )
    return Response(error.code, {"content-type": CONTENT_TYPE}, body.encode())
