"""A long-running operation of Cloud Healthcare, as its API shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

CANCELLED = 1
"""google.rpc.Code of an operation that was cancelled."""
INVALID_ARGUMENT = 3
"""The code of an import of FHIR resources of which some failed; with failures counted it says no more than they do."""


@dataclass(frozen=True)
class Operation:
    """An operation as it stands: `success`, `failure` and `pending` count files, instances, resources or messages."""

    name: str
    done: bool = False
    success: int = 0
    failure: int = 0
    pending: int = 0
    error_code: int = 0
    error_message: str = ""
    logs_url: str = ""

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Operation:
        """Read a google.longrunning.Operation with the metadata of Cloud Healthcare; absent counters are 0."""
        metadata, error = body.get("metadata", {}), body.get("error", {})
        counter = metadata.get("counter", {})
        return cls(
            name=body["name"],
            done=bool(body.get("done")),
            success=int(counter.get("success", 0)),
            failure=int(counter.get("failure", 0)),
            pending=int(counter.get("pending", 0)),
            error_code=int(error.get("code", 0)),
            error_message=str(error.get("message", "")),
            logs_url=metadata.get("logsUrl", ""),
        )

    def problem(self, allowed_failures: int | None) -> str:
        """Why an operation that has ended is a failure, in one sentence, "" where it is none.

        `allowed_failures` is how many files may have failed, None for any number.
        """
        if self.error_code == CANCELLED:
            return f"Operation {self.name} was cancelled after {self.success} were done."
        if self.error_code and not (self.error_code == INVALID_ARGUMENT and self.failure):
            return f"Operation {self.name} failed: {self.error_message}"
        if allowed_failures is not None and self.failure > allowed_failures:
            where = f", named in {self.logs_url}" if self.logs_url else ""
            return f"Operation {self.name}: {self.failure} failed and {self.success} were done{where}."
        return ""

    def to_json(self) -> dict[str, Any]:
        """What an operator returns: name, counters and where the log is."""
        return {"name": self.name, "success": self.success, "failure": self.failure, "logs_url": self.logs_url}
