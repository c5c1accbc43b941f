"""Google's clients for Node, each by the tests in node/NAME.test.js."""

import shutil
from pathlib import Path

import pytest

from tests.clients.conftest import Run, skip_without
from tests.clients.prepare import HERE, NODE
from tests.clients.samples import sample_instance

pytestmark = skip_without(NODE)


@pytest.mark.parametrize("service", ["bigquery", "bigquery-storage", "healthcare", "pubsub", "storage"])
def test_client(run: Run, shell: dict[str, str], tmp_path: Path, service: str) -> None:
    for script in (f"{service}.test.js", "token.js", "package.json"):
        shutil.copy(HERE / "node" / script, tmp_path)
    (tmp_path / "node_modules").symlink_to(NODE.folder / "node_modules")
    account = f"serviceAccount:emulator@{shell['GOOGLE_CLOUD_PROJECT']}.iam.gserviceaccount.com"
    given = {"UNIQUE": "contract", "FOLDER": str(tmp_path), "ACCOUNT": account, "INSTANCE": str(sample_instance())}
    run("node", "--test", f"{service}.test.js", folder=tmp_path, **given)
