"""Google's clients for Go, by the tests in go/."""

import pytest

from tests.clients.conftest import Run, skip_without
from tests.clients.prepare import GO
from tests.clients.samples import sample_instance

pytestmark = skip_without(GO)


@pytest.mark.parametrize(
    "test", ["TestBigQuery", "TestBigQueryStorage", "TestHealthcare", "TestPubSub", "TestSignedURL", "TestStorage"]
)
def test_client(run: Run, test: str) -> None:
    given = {"UNIQUE": "contract", "INSTANCE": str(sample_instance())}
    said = run(GO.folder / "clients.test", "-test.v", f"-test.run=^{test}$", folder=GO.folder, **given)
    assert f"--- PASS: {test} " in said
