"""Customer-managed keys: who encrypts, and whether that account may."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.services.bigquery import errors
from emulator.services.cloudkms import api as cloudkms
from emulator.settings import project_number

if TYPE_CHECKING:
    from emulator.app import Emulator


def agent(project: str) -> str:
    """The e-mail address of BigQuery's own account of a project, which is granted the use of KMS keys."""
    return f"bq-{project_number(project)}@bigquery-encryption.iam.gserviceaccount.com"


def check_key(emulator: Emulator, project: str, configuration: dict[str, Any] | None) -> None:
    """Raise a 400 where an encryption configuration names a key with which BigQuery can't encrypt."""
    key = (configuration or {}).get("kmsKeyName")
    if key:
        cloudkms.require_usable(emulator, key, agent(project), errors.invalid)
