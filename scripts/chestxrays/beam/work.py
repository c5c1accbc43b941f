"""The list of work that Beam's workers read, and what they tell of it: a line of JSON for each film."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from scripts.chestxrays.cloud_images import SCHEME, CloudFile
from scripts.chestxrays.films import ConvertedFilm, Converter
from scripts.chestxrays.images import ImageFile, Member
from scripts.chestxrays.public import PublicFilm
from scripts.chestxrays.records import Box, FilmRecord
from scripts.loading.sources import RemoteObject, Source
from scripts.loading.uploading import Outcome, Stored

if TYPE_CHECKING:
    from google.cloud import storage

Film = ConvertedFilm | PublicFilm
"""What a worker can bring."""


def film_line(film: Film) -> str:
    """The film as a line of the list of work. It says nothing of converter and client, which each worker has."""
    values: dict[str, Any] = {"prefix": film.prefix}
    if isinstance(film, PublicFilm):
        values["remote"] = dataclasses.asdict(film.remote)
        values["convert"] = film.converter is not None
    else:
        image = film.image
        values["image"] = {"place": image.place, "path": image.path, "size": image.size}
        if image.member:
            values["image"]["member"] = dataclasses.asdict(image.member)
        if isinstance(image, CloudFile):
            values["image"]["crc32c"] = image.crc32c
    if film.record:
        # What is not said has its default.
        values["record"] = {name: value for name, value in dataclasses.asdict(film.record).items() if value is not None}
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def film_of(line: str, converter: Converter, client: storage.Client) -> Film:
    """The film of a line that film_line wrote."""
    values = json.loads(line)
    record = _record(values["record"]) if "record" in values else None
    if "remote" in values:
        remote = RemoteObject(**values["remote"])
        origin = client.bucket(remote.bucket, user_project=remote.payer)
        return PublicFilm(remote, values["prefix"], origin, record, converter if values["convert"] else None)
    if record is None:
        raise ValueError("a film to be converted has a record")
    return ConvertedFilm(record, _image(values["image"], client), values["prefix"], converter)


def _record(values: dict[str, Any]) -> FilmRecord:
    boxes = tuple(Box(**box) for box in values.pop("boxes"))
    spacing = values.pop("spacing", None)
    findings = tuple(values.pop("findings"))
    return FilmRecord(**values, findings=findings, boxes=boxes, spacing=tuple(spacing) if spacing else None)


def _image(values: dict[str, Any], client: storage.Client) -> ImageFile:
    member = Member(**values["member"]) if "member" in values else None
    if values["place"].startswith(SCHEME):
        return CloudFile(values["place"], values["path"], values["size"], member, values["crc32c"], client)
    return ImageFile(values["place"], values["path"], values["size"], member)


def outcome_line(source: Source, outcome: Outcome, present: Stored | None) -> str:
    """What became of a film, as a line: with the size of its object even where an earlier attempt had sent it."""
    size = outcome.sent or (present.size if present else 0)
    values = {"object": source.object_name, "problem": outcome.problem, "size": size, "crc32c": outcome.crc32c}
    return json.dumps(values, ensure_ascii=False)


def outcome_of(line: str, held: Mapping[str, Stored]) -> tuple[str, Outcome]:
    """The object's name and what became of the film, from a line that outcome_line wrote.

    `held` is what the bucket held before. What is new since was sent by this pipeline, though perhaps by a first
    attempt at a bundle of which only the second counts.
    """
    values = json.loads(line)
    name, crc32c = values["object"], values["crc32c"]
    if values["problem"]:
        return name, Outcome(values["problem"])
    before = held.get(name)
    is_new = before is None or before.crc32c != crc32c
    return name, Outcome("", values["size"] if is_new else 0, crc32c)
