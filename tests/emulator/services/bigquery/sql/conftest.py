"""A small BigQuery without HTTP, for the tests of its SQL."""

from collections.abc import Iterator

import pytest

from tests.emulator.services.bigquery.sql.warehouse import SmallWarehouse


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallWarehouse]:
    made = SmallWarehouse(tmp_path_factory.mktemp("dialect"))
    yield made
    made.close()
