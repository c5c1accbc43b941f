"""Cloud Storage objects that the program writes: uploads, and content compared by its MD5."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from emulator.provider.compare import Change
from emulator.provider.flow import Flow, FlowError, Naming
from emulator.provider.model import Call, Resource, props
from emulator.provider.rest import Body, Rest
from emulator.provider.schema import Problem
from emulator.provider.settings import Settings
from emulator.provider.values import asset_bytes, is_asset, md5

# Above this an upload is resumable and sent in pieces of this size (the official plugin's chunk).
_PIECE = 16 << 20

OBJECT = Resource(
    resource_type="gcp:storage/bucketObject:BucketObject",
    service="storage",
    id="{bucket}-{name}",
    create=Call("POST", "b/{bucket}/o"),
    read=Call("GET", "b/{bucket}/o/{name}"),
    update=Call("PUT", "b/{bucket}/o/{name}"),
    delete=Call("DELETE", "b/{bucket}/o/{name}"),
    address=props("bucket name"),
    unsent=props("name"),
    local=props(
        "content source detectMd5hash sourceMd5hash customerEncryption forceEmptyContentType contexts "
        "retention outputName"
    ),
    immutable=props(
        "bucket name cacheControl contentDisposition contentEncoding contentLanguage contentType kmsKeyName metadata "
        "storageClass customerEncryption"
    ),
    computed=props("contentType kmsKeyName storageClass detectMd5hash"),
    rename={"md5hash": "md5Hash"},
    volatile=props("md5hash md5hexhash crc32c generation mediaLink detectMd5hash"),
    mask=False,
    whole=True,
)


class _Object(Flow):
    """An object's content is a text or an asset of the program, sent again whenever its MD5 is another."""

    def check(self, inputs: dict[str, Any], old: Mapping[str, Any], settings: Settings, name: Naming) -> list[Problem]:
        problems = super().check(inputs, old, settings, name)
        if ("content" in inputs) == ("source" in inputs):
            problems.append(Problem("content", "exactly one of content and source must be set"))
        return problems

    def derived(self, values: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
        return {**super().derived(values, settings), "outputName": values.get("name")}

    def compare(self, state: Mapping[str, Any], inputs: Mapping[str, Any], settings: Settings) -> list[Change]:
        contents = ("content", "source")
        given = {name: value for name, value in inputs.items() if name not in contents}
        kept = {name: value for name, value in state.items() if name not in contents}
        changes = super().compare(kept, given, settings)
        changes += [
            Change(name, "update" if name in state else "add", replaces=False)
            for name in contents
            if name in inputs and _mark(inputs[name]) != _mark(state.get(name))
        ]
        return changes

    def create(self, rest: Rest, inputs: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        self._upload(rest, inputs, inputs)
        state = self.read(rest, inputs)
        if state is None:
            raise FlowError("it was written, but can't be found afterwards")
        return self.identity(inputs, rest.settings), state

    def update(self, rest: Rest, old: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
        changed = {change.property for change in self.compare(old, inputs, rest.settings)}
        known = {**old, **inputs}
        if changed & {"content", "source"}:
            self._upload(rest, inputs, {**inputs, "storageClass": old.get("storageClass")})
            known.pop("md5hash", None)
        elif changed & {"eventBasedHold", "temporaryHold"}:
            live = rest.call("storage", Call("GET", "b/{bucket}/o/{name}"), inputs)
            holds = {name: bool(inputs.get(name)) for name in ("eventBasedHold", "temporaryHold")}
            rest.call("storage", Call("PUT", "b/{bucket}/o/{name}"), inputs, {**live, **holds})
        state = self.read(rest, {k: v for k, v in known.items() if k in inputs or k not in ("content", "source")})
        if state is None:
            raise FlowError("it is gone; run `pulumi refresh`, then `pulumi up` to make it anew")
        return state

    def _upload(self, rest: Rest, inputs: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        try:
            content = _content(inputs)
            metadata = self.body(values)
            if isinstance(content, Path) and content.stat().st_size > _PIECE:
                self._resumable(rest, metadata, str(inputs["name"]), content)
                return
            data = content.read_bytes() if isinstance(content, Path) else content
        except (OSError, ValueError) as error:
            raise FlowError(f"its source can't be read: {error}") from error
        boundary = uuid.uuid4().hex
        media_type = metadata.get("contentType") or "application/octet-stream"
        head = f"--{boundary}\r\nContent-Type: application/json\r\n\r\n{json.dumps(metadata)}\r\n"
        head += f"--{boundary}\r\nContent-Type: {media_type}\r\n\r\n"
        body = Body(
            f"multipart/related; boundary={boundary}", head.encode() + data + f"\r\n--{boundary}--\r\n".encode(), {}
        )
        query = {"uploadType": "multipart", "name": str(inputs["name"]), "alt": "json"}
        stored = rest.send("POST", self._upload_url(rest, metadata), query, body)
        if stored.get("md5Hash") != base64.b64encode(md5(data)).decode():
            raise FlowError("what was stored is not what was sent; run `pulumi up` again")

    def _upload_url(self, rest: Rest, metadata: Mapping[str, Any]) -> str:
        """Uploads go to the root of the endpoint's host, whatever its path (Google's generated client does so)."""
        parts = urlsplit(rest.settings.endpoint("storage"))
        return f"{parts.scheme}://{parts.netloc}/upload/storage/v1/b/{metadata['bucket']}/o"

    def _resumable(self, rest: Rest, metadata: Mapping[str, Any], name: str, path: Path) -> None:
        media_type = str(metadata.get("contentType") or "application/octet-stream")
        start = Body("application/json", json.dumps(metadata).encode(), {"X-Upload-Content-Type": media_type})
        query = {"uploadType": "resumable", "name": name, "alt": "json"}
        _, headers, _ = rest.exchange("POST", self._upload_url(rest, metadata), query, start)
        size, sent = path.stat().st_size, 0
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                where = {"Content-Range": f"bytes {sent}-{sent + len(piece) - 1}/{size}", "X-GUploader-No-308": "yes"}
                rest.exchange("PUT", headers["Location"], {}, Body(media_type, piece, where))
                sent += len(piece)

    def state(self, live: Mapping[str, Any], given: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
        state = super().state(live, given, settings)
        if "md5hash" in state:
            state["md5hexhash"] = base64.b64decode(state["md5hash"]).hex()
            state["detectMd5hash"] = state["md5hash"]
        if given.get("md5hash", state.get("md5hash")) != state.get("md5hash"):
            # Somebody else has written it: what it holds is not the program's any more.
            state = {name: value for name, value in state.items() if name not in ("content", "source")}
        return {**state, "outputName": given.get("name")}

    def inputs(self, state: Mapping[str, Any], old: Mapping[str, Any]) -> dict[str, Any]:
        present = super().inputs(state, old)
        return {name: value for name, value in present.items() if name not in ("content", "source") or name in state}


def _content(inputs: Mapping[str, Any]) -> bytes | Path:
    if "source" in inputs:
        return asset_bytes(inputs["source"])
    return str(inputs["content"]).encode()


def _mark(value: Any) -> Any:
    """What tells one content from another: the engine leaves out what is in an asset, and gives its hash."""
    return value.get("hash") if is_asset(value) else value


OBJECT_FLOW = _Object(OBJECT)
