"""A binding's condition sees the object wherever one is read or written (IAM: resource attributes, Cloud Storage)."""

from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.emulator.services.storage.conftest import Raw
from tests.support.accounts import Account, grant, make_account
from tests.support.emulator import RunningEmulator
from tests.support.patience import PATIENCE

Names = Callable[[str], str]


@pytest.fixture
def account(emulator: RunningEmulator, unique: Names) -> Account:
    return make_account(emulator, unique("conditional"))


@pytest.fixture
def other(emulator: RunningEmulator, account: Account, raw: Raw) -> Iterator[Raw]:
    """The bucket, as the account sees it."""
    headers = {"authorization": f"Bearer {account.token}"}
    with httpx.Client(base_url=emulator.base_url, headers=headers, timeout=PATIENCE) as client:
        yield Raw(client, raw.bucket)


@pytest.fixture
def may(emulator: RunningEmulator, account: Account, raw: Raw) -> Callable[[str, str], None]:
    """Grants the account a role below a prefix of the bucket."""

    def give(role: str, prefix: str) -> None:
        expression = f'resource.name.startsWith("projects/_/buckets/{raw.bucket}/objects/{prefix}")'
        grant(emulator, f"buckets/{raw.bucket}", account.member, role, expression)

    return give


def post(other: Raw, path: str, body: object = None) -> int:
    return other.http.post(f"/storage/v1/b/{other.bucket}/o/{path}", json=body or {}).status_code


@pytest.mark.parametrize("verb", ["copyTo", "rewriteTo"])
def test_copies(raw: Raw, other: Raw, may: Callable[[str, str], None], verb: str) -> None:
    """The source is read under its name, the copy written under its own, and deleted where there is one."""
    for name in ("in/a", "no/a"):
        raw.upload(name, b"1")
    may("roles/storage.objectViewer", "in/")
    may("roles/storage.objectCreator", "out/")
    target = f"{verb}/b/{raw.bucket}/o/"
    assert post(other, f"no%2Fa/{target}out%2Fa") == 403
    assert post(other, f"in%2Fa/{target}in%2Fb") == 403
    assert post(other, f"in%2Fa/{target}out%2Fa") == 200
    assert post(other, f"in%2Fa/{target}out%2Fa") == 403
    may("roles/storage.objectUser", "out/")
    assert post(other, f"in%2Fa/{target}out%2Fa") == 200


def test_compose(raw: Raw, other: Raw, may: Callable[[str, str], None]) -> None:
    for name in ("in/a", "no/a"):
        raw.upload(name, b"1")
    may("roles/storage.objectViewer", "in/")
    may("roles/storage.objectCreator", "out/")
    assert post(other, "out%2Fc/compose", {"sourceObjects": [{"name": "in/a"}, {"name": "no/a"}]}) == 403
    assert post(other, "in%2Fc/compose", {"sourceObjects": [{"name": "in/a"}]}) == 403
    assert post(other, "out%2Fc/compose", {"sourceObjects": [{"name": "in/a"}, {"name": "in/a"}]}) == 200
    assert post(other, "out%2Fc/compose", {"sourceObjects": [{"name": "in/a"}]}) == 403


def test_moves(raw: Raw, other: Raw, may: Callable[[str, str], None]) -> None:
    """storage.objects.move, or get and delete, on the source; create on the target (JSON API: objects.move)."""
    for name in ("in/a", "in/b", "kept/a"):
        raw.upload(name, b"1")
    may("roles/storage.objectViewer", "")
    may("roles/storage.objectCreator", "")
    assert post(other, "kept%2Fa/moveTo/o/out%2Fa") == 403
    may("roles/storage.objectUser", "in/")
    assert post(other, "in%2Fa/moveTo/o/out%2Fa") == 200
    assert post(other, "kept%2Fa/moveTo/o/out%2Fb") == 403


def test_xml(raw: Raw, other: Raw, may: Callable[[str, str], None]) -> None:
    for name in ("in/a", "no/a"):
        raw.upload(name, b"1")
    may("roles/storage.objectViewer", "in/")
    may("roles/storage.objectCreator", "out/")
    root = f"/{raw.bucket}"
    assert other.http.get(f"{root}/in/a").content == b"1"
    assert other.http.get(f"{root}/no/a").status_code == 403
    assert other.http.head(f"{root}/no/a").status_code == 403
    assert other.http.put(f"{root}/in/new", content=b"2").status_code == 403
    assert other.http.put(f"{root}/out/new", content=b"2").status_code == 200
    assert other.http.put(f"{root}/out/new", content=b"3").status_code == 403
    assert other.http.delete(f"{root}/out/new").status_code == 403
    may("roles/storage.objectUser", "out/")
    assert other.http.delete(f"{root}/out/new").status_code == 204
