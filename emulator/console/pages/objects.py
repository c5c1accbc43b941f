"""The objects of a bucket, by folders."""

from __future__ import annotations

from emulator.console.html import Child, join, tag
from emulator.console.layout import Page, facts, pages, table, url
from emulator.console.service import BASE
from emulator.console.site import page
from emulator.console.visitor import Visitor
from emulator.console.wording import moment, number

_SHOWN = 100


@page("GET", "objects")
async def objects(visitor: Visitor) -> Page:
    """What begins with a prefix, up to the next slash."""
    bucket, prefix = visitor.must("bucket"), visitor.asked("prefix")
    query = {"prefix": prefix, "delimiter": "/", "maxResults": str(_SHOWN), "pageToken": visitor.asked("page")}
    path = f"storage/v1/b/{bucket}/o"
    answer = await visitor.api.get(path, **{name: value for name, value in query.items() if value})
    folders: list[list[Child]] = [
        [tag("a", name[len(prefix) :], href=url("objects", bucket=bucket, prefix=name)), "", "", ""]
        for name in answer.get("prefixes", [])
    ]
    files: list[list[Child]] = [
        [each["name"][len(prefix) :], number(each["size"]), each.get("contentType", ""), moment(each["updated"])]
        for each in answer.get("items", [])
    ]
    following = answer.get("nextPageToken", "")
    onward = url("objects", bucket=bucket, prefix=prefix, page=following) if following else None
    above = prefix.rstrip("/").rpartition("/")[0]
    up = url("objects", bucket=bucket, prefix=f"{above}/" if above else "") if prefix else None
    content = join(
        facts(("Bucket", f"gs://{bucket}"), ("Folder", prefix)),
        table("Objects", ("Name", "Bytes", "Type", "Changed"), [*folders, *files], "No object."),
        pages(("Folder above", up), ("Next", onward)),
    )
    return Page(f"Objects of {bucket}", content, (("Overview", BASE),))
