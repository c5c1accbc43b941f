"""What a nightly run works on: the stack's outputs and a few wishes, as one JSON object that a scheduler keeps."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from infra.outputs import Outputs, OutputsError
from scripts.errors import CommandError


class Destination(StrEnum):
    """Where a nightly export goes."""

    TABLE = "table"
    BUCKET = "bucket"


@dataclass(frozen=True)
class Parameters:
    """Outputs and wishes. The key is named and not held, since schedulers show parameters to whoever may look.

    source is a folder or gs://BUCKET/FOLDER whose files are loaded first, "" for none: what others put into the landing
    bucket is imported in any case. labels names a list in it. key is the file of the key with which studies are
    de-identified, "" for no de-identification, recipe how. exports are where the store is exported to.
    """

    outputs: Outputs
    source: str = ""
    labels: str = ""
    recipe: str = ""
    key: str = ""
    exports: tuple[Destination, ...] = (Destination.TABLE, Destination.BUCKET)
    resources: str = ""
    fhir_store: str = ""
    all_kinds: bool = True

    @classmethod
    def from_json(cls, text: str, source: str) -> Self:
        """Read what `to_json` gives; `source` says in errors where it is from. Raises CommandError, OutputsError."""
        try:
            values: dict[str, Any] = json.loads(text)
            outputs = Outputs.from_mapping(values.pop("outputs"), f"the outputs in {source}")
            wanted = tuple(Destination(each) for each in values.pop("exports", cls.exports))
            kinds = values.pop("all_kinds", cls.all_kinds)
            if isinstance(kinds, bool) and all(isinstance(value, str) for value in values.values()):
                return cls(outputs, exports=wanted, all_kinds=kinds, **values)
        except OutputsError:
            raise
        except (ValueError, KeyError, TypeError, AttributeError):
            pass
        raise CommandError(f"{source} holds no parameters: make them with `python -m scripts nightly parameters`.")

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Read a file of parameters. Raises CommandError, OutputsError."""
        try:
            return cls.from_json(path.read_text(encoding="utf-8"), str(path))
        except (OSError, UnicodeDecodeError):
            raise CommandError(f"The parameters {path} can't be read: name a file of text that is there.") from None

    def to_mapping(self) -> dict[str, Any]:
        """The parameters as plain values."""
        return {**asdict(self), "outputs": self.outputs.to_mapping()}

    def to_json(self) -> str:
        """The parameters as an indented JSON object."""
        return json.dumps(self.to_mapping(), indent=2) + "\n"
