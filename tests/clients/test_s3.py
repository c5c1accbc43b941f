"""boto3 with an HMAC key, on the XML API: a client of S3 that is led to Cloud Storage, as Google documents it.

https://cloud.google.com/storage/docs/aws-simple-migration
"""

import json
from pathlib import Path

import pytest

from tests.clients.conftest import Run, skip_without
from tests.clients.prepare import HERE, S3
from tests.support.emulator import RunningEmulator

pytestmark = skip_without(S3)


@pytest.fixture(scope="module")
def key(with_tls: RunningEmulator) -> dict[str, str]:
    """A key of the key file's service account, as boto3's variables."""
    email = json.loads(with_tls.credentials_file.read_text())["client_email"]
    path = f"/storage/v1/projects/{with_tls.project}/hmacKeys?serviceAccountEmail={email}"
    code, made = with_tls.request("POST", path)
    assert code == 200, made
    return {"AWS_ACCESS_KEY_ID": made["metadata"]["accessId"], "AWS_SECRET_ACCESS_KEY": made["secret"]}


@pytest.mark.parametrize("address", ["STORAGE_EMULATOR_HOST", "EMULATOR_TLS_URL"])
def test_boto3(
    run: Run, with_tls: RunningEmulator, shell: dict[str, str], key: dict[str, str], tmp_path: Path, address: str
) -> None:
    bucket = f"of-boto3-{address.lower().replace('_', '-')}"
    assert with_tls.request("POST", f"/storage/v1/b?project={with_tls.project}", {"name": bucket})[0] == 200
    given = {**key, "AWS_CA_BUNDLE": shell["EMULATOR_TLS_CA"], "AWS_EC2_METADATA_DISABLED": "true"}
    script = HERE / "s3" / "objects.py"
    run(S3.folder / "bin" / "python", script, shell[address], bucket, folder=tmp_path, **given)
