import pytest

from emulator.deidentify import configs
from emulator.deidentify.errors import ConfigError
from emulator.deidentify.keys import Secret

OWN = Secret(b"k" * 32)


def test_the_runs_own_key_counts_where_the_config_has_none() -> None:
    assert configs.parse({}, OWN).secret == OWN


def test_metadata_of_the_operation_are_not_promised() -> None:
    with pytest.raises(ConfigError, match="fhirOutput is not emulated") as caught:
        configs.parse({"operationMetadata": {"fhirOutput": {"fhirStore": "projects/p"}}}, OWN)
    assert caught.value.unknown
    configs.parse({"operationMetadata": {}}, OWN)
