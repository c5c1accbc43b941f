"""A consent store's API, all pages of lists, and one method for each thing to do, by Google's discovery client."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from scripts.connection import TIMEOUT_SECONDS
from scripts.errors import ApiFailure, CommandError, api_failure
from scripts.patience import patiently

if TYPE_CHECKING:
    from infra.outputs import ConsentStoreOutputs
    from scripts.connection import Connection

Json = dict[str, Any]
_DAY = 24 * 3600
_PAGE = 1000
"""Entries a page: the most that Google gives."""


class ConsentStore:
    """One consent store. Refusals are raised as Google's client raises them."""

    def __init__(self, target: Connection, store: ConsentStoreOutputs) -> None:
        """Take the stack's connection, and which of its stores."""
        self._target = target
        self._api = target.healthcare.consentStores()
        self.name = store.name

    def definitions(self) -> dict[str, Json]:
        """The attribute definitions by id."""
        found = self._all(self._api.attributeDefinitions(), "attributeDefinitions")
        return {each["name"].rpartition("/")[2]: each for each in found}

    def define(self, attribute: str, definition: Json) -> None:
        """Create an attribute definition."""
        definitions = self._api.attributeDefinitions()
        self._do(definitions.create(parent=self.name, attributeDefinitionId=attribute, body=definition))

    def redefine(self, attribute: str, definition: Json, fields: list[str]) -> None:
        """Change these fields of an attribute definition."""
        name = f"{self.name}/attributeDefinitions/{attribute}"
        mask = ",".join(fields)
        self._do(self._api.attributeDefinitions().patch(name=name, updateMask=mask, body=definition))

    def keep_artifact(self, user: str, content: bytes | None, metadata: Mapping[str, str]) -> str:
        """Keep the document of a consent, or that there is none; gives the artifact's name."""
        body: Json = {"userId": user, "metadata": dict(metadata)}
        if content is not None:
            body["consentContentScreenshots"] = [{"rawBytes": base64.b64encode(content).decode()}]
        return str(self._do(self._api.consentArtifacts().create(parent=self.name, body=body))["name"])

    def record(self, consent: Json) -> Json:
        """Record a consent; as it is then."""
        return self._do(self._api.consents().create(parent=self.name, body=consent))

    def activate(self, name: str, artifact: str, days: int) -> Json:
        """Activate a draft by its name, with an artifact, for some days (0: for as long as it says); as it is then."""
        body = {"consentArtifact": artifact, **lasting(days)}
        return self._do(self._api.consents().activate(name=name, body=body))

    def revoke(self, name: str, artifact: str | None) -> Json:
        """Withdraw a consent by its name, with the artifact that documents it; as it is then."""
        body = {"consentArtifact": artifact} if artifact else {}
        return self._do(self._api.consents().revoke(name=name, body=body))

    def consent(self, name: str) -> Json:
        """A consent by its name or id."""
        return self._do(self._api.consents().get(name=self.full_name(name)))

    def full_name(self, consent: str) -> str:
        """The full name of a consent that is given by its id or its name."""
        return consent if "/" in consent else f"{self.name}/consents/{consent}"

    def consents(self, user: str | None = None, state: str | None = None) -> Iterator[Json]:
        """The latest revisions of all consents, or of those of a user, or in a state."""
        wanted = {"userId": user, "state": state}
        fields = {"user_id": user, "state": state}
        chosen = " AND ".join(f"{field}={_quoted(value)}" for field, value in fields.items() if value is not None)
        for each in self._all(self._api.consents(), "consents", filter=chosen):
            # Google searches for a text within the field.
            if all(value is None or each.get(key) == value for key, value in wanted.items()):
                yield each

    def mappings(self) -> Iterator[Json]:
        """All user data mappings that are not archived."""
        found = self._all(self._api.userDataMappings(), "userDataMappings", filter="archived=false")
        return (each for each in found if not each.get("archived"))

    def map(self, mapping: Json) -> None:
        """Create a user data mapping; threads may share this, by plain HTTP."""
        self._send("POST", f"{self.name}/userDataMappings", mapping)

    def remap(self, name: str, mapping: Json) -> None:
        """Change whose a mapping's data is, and its attributes; threads may share this."""
        self._send("PATCH", f"{name}?updateMask=userId,resourceAttributes", mapping)

    def check(self, data: str, request: Mapping[str, str], *, full: bool = False) -> Json:
        """What the consents say of a use of an item of data. Raises CommandError for what is mapped to no patient."""
        view = "FULL" if full else "BASIC"
        body = {"dataId": data, "requestAttributes": dict(request), "responseView": view}
        try:
            return self._do(self._api.checkDataAccess(consentStore=self.name, body=body))
        except Exception as error:
            refusal = api_failure(error)
            if refusal is None or refusal.code != HTTPStatus.NOT_FOUND:
                raise
            raise CommandError(
                "The consent store knows no such data: run `python -m scripts consent map` for new studies, and"
                " `pulumi up --refresh` where the store itself is gone."
            ) from None

    def query(self, request: Mapping[str, str], folder: str) -> Any:
        """The request that starts to write, into a folder gs://BUCKET/NAME, which data may be used."""
        body = {"requestAttributes": dict(request), "gcsDestination": {"uriPrefix": folder}}
        return self._api.queryAccessibleData(consentStore=self.name, body=body)

    def _all(self, collection: Any, key: str, **asked: str) -> Iterator[Json]:
        wanted = {name: value for name, value in asked.items() if value}
        return self._target.listed(collection, key, parent=self.name, pageSize=_PAGE, **wanted)

    def _send(self, verb: str, path: str, body: Json) -> None:
        url = f"{self._target.address}/v1/{path}"
        answer = patiently(lambda: self._target.session.request(verb, url, json=body, timeout=TIMEOUT_SECONDS))
        if answer.status_code >= HTTPStatus.BAD_REQUEST:
            raise ApiFailure(answer.status_code, _message(answer))

    def _do(self, request: Any) -> Json:
        answer: Json = self._target.execute(request)
        return answer


def lasting(days: int) -> Json:
    """How long a consent is to hold, as a request says it; nothing for 0 days."""
    return {"ttl": f"{days * _DAY}s"} if days else {}


def _message(answer: Any) -> str:
    """Google's own words in a refusal."""
    try:
        return str(answer.json()["error"]["message"])
    except (ValueError, LookupError, TypeError):
        return f"The consent store answered HTTP {answer.status_code}"


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
