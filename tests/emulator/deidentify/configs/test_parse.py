import json

import pytest

from emulator.deidentify import configs
from emulator.deidentify.errors import ConfigError
from emulator.deidentify.keys import Secret

OWN = Secret(b"k" * 32)


def test_the_runs_own_key_counts_where_the_config_has_none() -> None:
    assert configs.parse({}, OWN).secret == OWN


def test_the_store_for_metadata_is_kept_with_a_config_that_has_no_keys() -> None:
    store = "projects/p/locations/l/datasets/d/fhirStores/f"
    hashed = {"infoTypes": ["DATE"], "cryptoHashConfig": {"cryptoKey": "a" * 32}}
    given = {"text": {"additionalTransformations": [hashed]}, "operationMetadata": {"fhirOutput": {"fhirStore": store}}}
    told = configs.parse(given, OWN).metadata
    assert told is not None
    assert told.store == store
    assert json.loads(told.config)["text"] == {
        "additionalTransformations": [{"infoTypes": ["DATE"], "cryptoHashConfig": {}}]
    }


def test_a_config_without_a_store_for_metadata_tells_nobody() -> None:
    assert configs.parse({"operationMetadata": {}}, OWN).metadata is None


def test_a_store_for_metadata_must_be_a_fhir_store() -> None:
    with pytest.raises(ConfigError, match="fhirStores/F"):
        configs.parse({"operationMetadata": {"fhirOutput": {"fhirStore": "projects/p"}}}, OWN)
