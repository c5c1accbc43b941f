"""Customer-managed keys: which version encrypts a table's rows, and whether they can still be read and written.

https://cloud.google.com/bigquery/docs/customer-managed-encryption
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

from emulator.errors import ApiError
from emulator.services.bigquery import catalog, errors
from emulator.services.bigquery.names import TableName
from emulator.services.cloudkms import api as cloudkms
from emulator.settings import project_number
from emulator.state.resources import Resource

if TYPE_CHECKING:
    from emulator.context import Context

_CONFIGURATION = "encryptionConfiguration"
VERSION = "_keyVersion"  # where a table's body has the name of the version that encrypts its rows


def agent(project: str) -> str:
    """The e-mail address of BigQuery's own account of a project, which is granted the use of KMS keys."""
    return f"bq-{project_number(project)}@bigquery-encryption.iam.gserviceaccount.com"


def open_table(context: Context, name: TableName) -> Resource:
    """The table or view, whose rows are to be read or changed.

    Raises a 404 that says whether the dataset exists, 400 where its key can't decrypt the rows.
    """
    found = catalog.table(context, name)
    require_open(context, name.project, found.body)
    return found


def require_open(context: Context, project: str, body: dict[str, Any]) -> None:
    """Raise a 400 where the version that encrypted the rows of a table's body can't decrypt them any more.

    A table stays with the version that was primary when it got its key (the page above: key rotation).
    """
    if version := body.get(VERSION):
        cloudkms.require_open(context, version, _user(project))


def version_for(
    context: Context,
    project: str,
    configuration: dict[str, Any] | None,
    location: str | None,
    tx: sqlite3.Connection | None = None,
) -> str | None:
    """The version of a key that encrypts what an encryption configuration is for; None without a key.

    location is where the data lies ("US"), None where that is not known. Raises a 400 where BigQuery can't encrypt with
    the key.
    """
    key = (configuration or {}).get("kmsKeyName")
    return cloudkms.version_for(context, key, _user(project), location, tx) if key else None


def protected(
    context: Context,
    project: str,
    body: dict[str, Any],
    dataset: dict[str, Any],
    old: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """A table's body with the key that protects it: its own, or else its dataset's default one; none for a view.

    old is the table's body before a change: a key it has already is not asked for again. Raises a 400 where BigQuery
    can't encrypt with the key (the page above: dataset default key, table protection).
    """
    if body.get("view") or body.get("externalDataConfiguration"):
        return body
    configuration = body.get(_CONFIGURATION)
    rest = {key: value for key, value in body.items() if key != VERSION}
    if old is not None and configuration == old.get(_CONFIGURATION):
        return {**rest, VERSION: old[VERSION]} if VERSION in old else rest
    if old is None:
        configuration = configuration or dataset.get("defaultEncryptionConfiguration")
    version = version_for(context, project, configuration, (old or dataset).get("location"))
    return {**rest, _CONFIGURATION: configuration, VERSION: version} if version else rest


def _user(project: str) -> cloudkms.User:
    return cloudkms.User(agent(project), _REFUSALS)


def _denied(said: str, _key: str, account: str) -> ApiError:
    return errors.invalid(
        f"{said} Please grant Cloud KMS CryptoKey Encrypter/Decrypter role to BigQuery service account {account}."
    )


def _elsewhere(said: str) -> ApiError:
    return errors.invalid(f"This region is not supported. {said}")


_REFUSALS = cloudkms.Refusals(
    denied=_denied,
    malformed=errors.invalid,
    elsewhere=_elsewhere,
    disabled=lambda version: errors.invalid(cloudkms.not_enabled(version).message),
)
