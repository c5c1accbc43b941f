"""Fixtures: FHIR stores to de-identify from and to."""

from collections.abc import Callable

import pytest

from tests.emulator.services.healthcare.fhir.conftest import FhirStore, bucket, make_fhir_store

__all__ = ["bucket", "make_fhir_store"]

BASIC = {"fhirFieldConfig": {"profileType": "BASIC"}}


@pytest.fixture
def source(make_fhir_store: Callable[..., FhirStore]) -> FhirStore:
    """A FHIR store where clients may choose ids."""
    return make_fhir_store(enableUpdateCreate=True, disableReferentialIntegrity=True)


@pytest.fixture
def target(make_fhir_store: Callable[..., FhirStore]) -> FhirStore:
    """A FHIR store to write to."""
    return make_fhir_store(enableUpdateCreate=True, disableReferentialIntegrity=True)
