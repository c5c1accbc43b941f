"""The roles that the program gives loader and reader are enough for their commands, and no more."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.infra.graph import declare, settings
from tests.scripts.consent.conftest import Desk
from tests.support.accounts import Account, grant, make_account


def roles(who: str) -> list[tuple[str, str]]:
    """What the program grants an account: each role with the kind of thing that it is on, a bucket by its purpose."""
    graph = declare(settings(consentStores='{"consents": {}}'))
    mine = [item.inputs for item in graph if re.search(rf"-{who}@", str(item.inputs.get("member", "")))]
    kinds = {"bucket": "", "dicomStoreId": "dicom", "consentStoreId": "consent", "datasetId": "dataset"}
    found = []
    for inputs in mine:
        kind = next((word for key, word in kinds.items() if key in inputs), "project")
        found.append((kind or inputs["bucket"].rpartition("-")[2], inputs["role"]))
    return found


def grant_all(desk: Desk, account: Account, given: list[tuple[str, str]]) -> None:
    """Give an account roles on the test's stores, and on the stack's buckets, dataset and project."""
    emulator, outputs = desk.live.emulator, desk.live.outputs
    places = {"dicom": desk.dicom, "consent": desk.store, "dataset": outputs.dataset_name}
    others = {
        "landing": f"buckets/{outputs.landing_bucket}",
        "export": f"buckets/{outputs.export_bucket}",
        "project": f"projects/{outputs.project}",
    }
    for kind, role in given:
        if kind in others:
            grant(emulator, others[kind], account.member, role)
        elif role.startswith("roles/healthcare."):
            _, policy = emulator.request("GET", f"/v1/{places[kind]}:getIamPolicy")
            binding = {"role": role, "members": [account.member]}
            body = {"policy": {**policy, "bindings": [*policy.get("bindings", []), binding]}}
            assert emulator.request("POST", f"/v1/{places[kind]}:setIamPolicy", body)[0] == 200


@pytest.fixture
def as_account(ready: Desk, unique: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """From here on the commands are run by an account with the rights of the loader, or the reader."""

    def become(who: str) -> None:
        account = make_account(ready.live.emulator, unique(who))
        grant_all(ready, account, roles(who))
        monkeypatch.setenv("GOOGLE_OAUTH_ACCESS_TOKEN", account.token)

    return become


def test_the_loader_keeps_consents_and_exports_by_them(ready: Desk, as_account: Callable[[str], None]) -> None:
    as_account("loader")
    ready.ok("define")
    ready.ok("map")
    ready.ok("record", "p1", "--for", "research")
    ready.ok("list")
    ready.ok("check", "1.2.1", "--for", "research")
    shown = ready("export", "--consented-for", "research")
    assert (shown.code, "1 instance exported" in shown.err) == (0, True), shown.err
    ready.ok("revoke", "--patient", "p1")


def test_the_reader_asks_and_changes_nothing(ready: Desk, as_account: Callable[[str], None]) -> None:
    consent = ready.ok("record", "p1", "--for", "research").strip()
    as_account("reader")
    ready.ok("list")
    ready.ok("check", "1.2.1", "--for", "research")
    assert ready.ok("export", "--consented-for", "research", "--dry-run").split() == ["1.2.1"]
    for words in (("record", "p1", "--for", "care"), ("revoke", consent), ("map", "--data", "identity=de-identified")):
        shown = ready(*words)
        assert (shown.code, "healthcare." in shown.err) == (1, True), shown.err
