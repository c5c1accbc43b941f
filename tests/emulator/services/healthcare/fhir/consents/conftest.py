"""The store of the scenario."""

import pytest

from tests.emulator.services.healthcare.fhir.conftest import FhirStore
from tests.emulator.services.healthcare.fhir.consents.scenario import CONFIG, MakeStore, fill


@pytest.fixture
def store(make_fhir_store: MakeStore) -> FhirStore:
    """Darcy's data, her two consents and a policy of the hospital's, none of it applied."""
    made = make_fhir_store(enableUpdateCreate=True, consentConfig=CONFIG)
    fill(made)
    return made
