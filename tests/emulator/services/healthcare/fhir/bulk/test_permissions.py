"""The permissions of the long-running operations of a store (healthcare-api.md D.2, Google's pages of the methods)."""

from collections.abc import Callable

import pytest
import requests

from tests.emulator.services.healthcare.fhir.conftest import FhirStore
from tests.support.accounts import make_account
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE


@pytest.mark.parametrize(
    ("path", "permission"),
    [
        ("v1/{}:bulkDelete", "bulkDelete"),
        ("v1beta1/{}:bulkDelete", "bulkDelete"),
        ("v1/{}:rollback", "rollback"),
        ("v1beta1/{}:rollback", "rollback"),
        ("v1beta1/{}:exportHistory", "export"),
        ("v1beta1/{}:importHistory", "import"),
        ("v1beta1/{}/fhir/Group/g/$export", "export"),
    ],
)
def test_who_lacks_the_permission_is_told_which(
    emulator: RunningEmulator, fhir: FhirStore, unique: Callable[[str], str], path: str, permission: str
) -> None:
    token = make_account(emulator, unique("account")).token
    url, headers = f"{emulator.base_url}/{path.format(fhir.name)}", {"Authorization": f"Bearer {token}"}
    answer = requests.post(url, json={}, headers=headers, timeout=PATIENCE)
    assert answer.status_code == 403
    assert f"healthcare.fhirStores.{permission}" in answer.json()["error"]["message"]
