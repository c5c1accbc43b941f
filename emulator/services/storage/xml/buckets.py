"""GET and HEAD of /BUCKET: its objects, by either form of the list (https://cloud.google.com/storage/docs/xml-api/get-bucket-list)."""

from __future__ import annotations

from urllib.parse import quote

from emulator.gateway import paging
from emulator.gateway.request import Request, Response
from emulator.services.storage import access, errors
from emulator.services.storage.names import successor
from emulator.services.storage.objects.listing import MAX_RESULTS, Cursor, Listing, ListQuery, page
from emulator.services.storage.service import handles
from emulator.services.storage.tables import timestamp
from emulator.services.storage.xml.answers import CONTENT_TYPE, NAMESPACE, text
from emulator.services.storage.xml.requests import etag, query_of

_OF_A_LIST = frozenset(
    ("list-type", "prefix", "delimiter", "max-keys", "marker", "start-after", "continuation-token", "encoding-type")
)
_NO_MATTER = ("x-goog-", "x-amz-", "userproject", "fetch-owner", "access_token")
_BEHIND_ALL = 1 << 62


@handles("storage.xml.getBucket")
async def get_bucket(request: Request) -> Response:
    """A page of the objects of a bucket; other things of a bucket (?acl, ?lifecycle ...) are a 501."""
    query = query_of(request)
    other = [name for name in query if name not in _OF_A_LIST and not name.lower().startswith(_NO_MATTER)]
    if other:
        raise errors.not_emulated(f"?{other[0][:40]} of a bucket through the XML API")
    if query.get("encoding-type", "url") != "url":
        raise errors.invalid("The encoding-type of a list can be url only.")
    prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
    bucket = access.bucket_to_list(request, prefix)
    second = query.get("list-type") == "2"
    asked = paging.asked(
        {"max-keys": query.get("max-keys", ""), "pageToken": query.get("continuation-token", "")},
        *(MAX_RESULTS, MAX_RESULTS, str, int),
        size="max-keys",
        refuse=errors.invalid,
    )
    after = query.get("start-after" if second else "marker", "")
    cursor: Cursor | None = None if asked.after is None else (asked.after[0], asked.after[1])
    wanted = ListQuery(
        prefix=prefix,
        delimiter=delimiter,
        start=max(prefix, after, key=lambda name: name.encode("utf-8", "surrogatepass")),
        stop=successor(prefix) or None,
        limit=asked.size,
        cursor=cursor or (_behind(after, prefix, delimiter) if after > prefix else None),
    )
    listing = page(request.context.db, bucket.name, wanted)
    body = _written(bucket.name, query, listing, wanted.limit, second=second)
    return Response(200, {"content-type": CONTENT_TYPE}, body.encode())


def _behind(name: str, prefix: str, delimiter: str) -> Cursor:
    """Where a list goes on after a name, or after all that a common prefix stands for."""
    if delimiter and name.startswith(prefix) and name.endswith(delimiter):
        return successor(name) or "\U0010ffff" * 300, -1
    return name, _BEHIND_ALL


def _written(bucket: str, query: dict[str, str], listing: Listing, limit: int, *, second: bool) -> str:
    encoded = query.get("encoding-type") == "url"

    def element(name: str, value: str, *, of_user: bool = False) -> str:
        return f"<{name}>{text(quote(value, safe='/') if of_user and encoded else value)}</{name}>"

    parts = [
        element("Name", bucket),
        element("Prefix", query.get("prefix", ""), of_user=True),
        element("MaxKeys", str(limit)),
        element("IsTruncated", "true" if listing.next_token else "false"),
    ]
    parts += [element("Delimiter", query["delimiter"], of_user=True)] if query.get("delimiter") else []
    parts += [element("EncodingType", "url")] if encoded else []
    if second:
        parts.append(element("KeyCount", str(len(listing.items) + len(listing.prefixes))))
        parts += [element("NextContinuationToken", listing.next_token)] if listing.next_token else []
    else:
        parts.append(element("Marker", query.get("marker", ""), of_user=True))
        names = [item.name for item in listing.items[-1:]] + listing.prefixes[-1:]
        parts += [element("NextMarker", max(names), of_user=True)] if listing.next_token and names else []
    for item in listing.items:
        fields = {
            "Generation": str(item.generation),
            "MetaGeneration": str(item.metageneration),
            "LastModified": timestamp(item.updated),
            "ETag": etag(item.md5),
            "Size": str(item.size),
            "StorageClass": item.storage_class,
        }
        inner = "".join(element(name, value) for name, value in fields.items())
        parts.append(f"<Contents>{element('Key', item.name, of_user=True)}{inner}</Contents>")
    parts += [
        f"<CommonPrefixes>{element('Prefix', prefix, of_user=True)}</CommonPrefixes>" for prefix in listing.prefixes
    ]
    return (
        f"<?xml version='1.0' encoding='UTF-8'?><ListBucketResult xmlns='{NAMESPACE}'>{''.join(parts)}"
        "</ListBucketResult>"
    )
