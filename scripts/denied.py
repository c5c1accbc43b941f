"""What a refusal says of a missing permission: which one, and on what."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

ACTS = "iam.serviceAccounts.getAccessToken"
"""What it takes to act as a service account."""
_PERMISSION = r"[a-z][A-Za-z0-9]*\.[A-Za-z0-9]+\.[A-Za-z0-9]+"
_DENIED = re.compile(
    rf"Permission '?(?P<permission>{_PERMISSION})'? denied(?: on (?:resource )?'(?P<resource>[^']+)')?"
)
_WITHIN = re.compile(r"(.*/(?:dicomStores|fhirStores|hl7V2Stores|consentStores)/[^/]+)/.*|(.*)/operations/[^/]+")
_HAS_NOT = re.compile(rf"does not have (?P<permission>{_PERMISSION}) (?:access|permission)")
_PRINCIPAL = re.compile(r"(?P<principal>[^\s:@]+@[^\s:@]+) does not have ")
_BUCKET = re.compile(r"/b/(?P<bucket>[^/?\s]+)")
_PROJECT = re.compile(r"permission (?:in|on|for) project (?P<project>[^\s.,]+)")
_TABLE = re.compile(r"permission to query (?:table|view) (?P<project>[^:\s]+):(?P<dataset>[^.\s]+)")

_DATASET = re.compile(
    rf"Permission (?P<permission>{_PERMISSION}) denied on (?:dataset|table|view)"
    r" (?P<project>[^:\s]+):(?P<dataset>[^.\s]+)"
)
_TABLES = re.compile(r"projects/(?P<project>[^/]+)/datasets/(?P<dataset>[^/]+)(?:/tables/.*)?")
_PAYS = "serviceusage.services.use"
"""What paying for a bucket of others takes, on the project that pays and not on the bucket."""
_KEY = re.compile(r"(?P<key>projects/\S+/keyRings/[^/\s]+/cryptoKeys/[^/\s:]+)")
_AGENT = re.compile(r"(?P<agent>[^\s:@]+@[^\s:@]+\.iam\.gserviceaccount\.com)")


@dataclass(frozen=True)
class Denied:
    """A permission that somebody lacks on a resource; what a refusal does not tell is None."""

    permission: str | None
    resource: str | None
    principal: str | None = None

    def filled(self, *, principal: str | None, resource: str | None) -> Denied:
        """The same with these in the place of what is None."""
        return Denied(self.permission, self.resource or resource, self.principal or principal)

    def __str__(self) -> str:
        return f"{self.principal or 'This account'} lacks {self.permission} on {self.resource}"


def read(message: str, request: str = "") -> Denied | None:
    """What Google's message of a 403 tells of a missing permission; None where it tells of none.

    `request` is what a client says of the request, which Cloud Storage's messages leave out: of it the bucket is taken,
    and no object's name, which can name a patient; of a name within a store, the store. BigQuery's refusal to query a
    table names no permission (BigQuery: "Error messages", accessDenied): it is bigquery.tables.getData.
    """
    table, dataset = _TABLE.search(message), _DATASET.search(message)
    if table:
        return Denied("bigquery.tables.getData", f"bq://{table['project']}.{table['dataset']}")
    if dataset:
        return Denied(dataset["permission"], f"bq://{dataset['project']}.{dataset['dataset']}")
    found = _DENIED.search(message) or _HAS_NOT.search(message)
    if found is None:
        return None
    who = _PRINCIPAL.search(message)
    on = None if found["permission"] == _PAYS else _resource(message, request)
    return Denied(found["permission"], on, who["principal"] if who else None)


def acting(arguments: Sequence[object]) -> str | None:
    """What IAM said to whoever may not act as a service account, from the arguments of google-auth's error."""
    for each in arguments:
        with suppress(ValueError, LookupError, TypeError):
            message = str(json.loads(str(each))["error"]["message"])
            return message if ACTS in message else None
    return None


def key_in(message: str) -> Denied | None:
    """The key that a service's agent may not use, where a message names both, whatever its code; None where not.

    Services word it differently, and each names the role that encrypts and decrypts (Cloud KMS: "Troubleshooting").
    """
    key, agent = _KEY.search(message), _AGENT.search(message)
    if not (key and agent and "ermission" in message):
        return None
    return Denied("cloudkms.cryptoKeyVersions.useToEncrypt", key["key"], agent["agent"])


def _resource(message: str, request: str) -> str | None:
    named, bucket, project = _DENIED.search(message), _BUCKET.search(request), _PROJECT.search(message)
    if named and named["resource"]:
        within, tables = _WITHIN.fullmatch(named["resource"]), _TABLES.fullmatch(named["resource"])
        if tables:
            return f"bq://{tables['project']}.{tables['dataset']}"
        return (within[1] or within[2]) if within else named["resource"]
    if bucket:
        return f"gs://{bucket['bucket']}"
    return f"projects/{project['project']}" if project else None
