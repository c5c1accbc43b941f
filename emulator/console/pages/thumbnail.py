"""The small picture of a study or series: its first instance, rendered; a sign where it shows no picture."""

from __future__ import annotations

from emulator.console.caller import Refused
from emulator.console.site import page
from emulator.console.visitor import Visitor
from emulator.gateway.request import Response

_SIDE = 192
# Nobody else who looks with this browser later may find it there.
_HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
_NONE = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96"><rect width="96" height="96" fill="#333"/>'
    b'<path d="M24 72 72 24M24 24l48 48" stroke="#999" stroke-width="3"/></svg>'
)


@page("GET", "thumbnail")
async def thumbnail(visitor: Visitor) -> Response:
    """A JPEG, or an SVG where the instance has no pixels that can be drawn. Raises Refused for who may not read it."""
    store, study, series = visitor.must("store"), visitor.must("study"), visitor.asked("series")
    within = f"v1/{store}/dicomWeb/studies/{study}" + (f"/series/{series}" if series else "")
    query = {"limit": "1", "includefield": "NumberOfFrames"}
    found = await visitor.api.json("GET", f"{within}/instances", query, accept="application/dicom+json")
    if not found:
        raise Refused(404, "There is no such study or series.")
    first = {tag: element.get("Value", [""])[0] for tag, element in found[0].items()}
    instance = f"v1/{store}/dicomWeb/studies/{study}/series/{series or first['0020000E']}/instances/{first['00080018']}"
    frame = "/frames/1" if int(first.get("00280008") or 1) > 1 else ""
    size = {"viewport": f"{_SIDE},{_SIDE}"}
    try:
        drawn = await visitor.api.call("GET", f"{instance}{frame}/rendered", size, accept="image/jpeg")
    except Refused as refused:
        if refused.status in (401, 403):
            raise
        return Response(200, {"content-type": "image/svg+xml", **_HEADERS}, _NONE)
    return Response(200, {"content-type": "image/jpeg", **_HEADERS}, drawn.body)
