"""Customer-managed keys: who encrypts, and whether that account may."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.services.bigquery import errors
from emulator.services.cloudkms import api as cloudkms
from emulator.settings import project_number

if TYPE_CHECKING:
    from emulator.context import Context


def agent(project: str) -> str:
    """The e-mail address of BigQuery's own account of a project, which is granted the use of KMS keys."""
    return f"bq-{project_number(project)}@bigquery-encryption.iam.gserviceaccount.com"


def check_key(context: Context, project: str, configuration: dict[str, Any] | None) -> None:
    """Raise a 400 where an encryption configuration names a key with which BigQuery can't encrypt."""
    key = (configuration or {}).get("kmsKeyName")
    if key:
        cloudkms.require_usable(context, key, agent(project), errors.invalid)


def protected(
    context: Context, project: str, body: dict[str, Any], dataset: dict[str, Any], old: dict[str, Any] | None = None
) -> dict[str, Any]:
    """A table's body with the key that protects it: its own, or else its dataset's default one; none for a view.

    old is the table's body before a change: a key it has already is not asked for again. Raises a 400 where BigQuery
    can't encrypt with the key (BigQuery: Customer-managed Cloud KMS keys, "Dataset default key", "Table protection").
    """
    if body.get("view") or body.get("externalDataConfiguration"):
        return body
    configuration = body.get("encryptionConfiguration") or (
        None if old is not None else dataset.get("defaultEncryptionConfiguration")
    )
    if old is None or configuration != old.get("encryptionConfiguration"):
        check_key(context, project, configuration)
    return {**body, "encryptionConfiguration": configuration} if configuration else body
