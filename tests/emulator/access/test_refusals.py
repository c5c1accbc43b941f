"""What is to be learnt from a refusal."""

import pytest

from emulator.access.refusals import nearest_bearer, permission_in

DATASET = "projects/p/locations/l/datasets/d"


@pytest.mark.parametrize(
    ("resource", "bearer"),
    [
        (f"{DATASET}/dicomStores/s/dicomWeb/studies/1.2", f"{DATASET}/dicomStores/s"),
        (f"{DATASET}/fhirStores/s/fhir/Patient/p", f"{DATASET}/fhirStores/s"),
        (f"{DATASET}/hl7V2Stores/s/messages/m", f"{DATASET}/hl7V2Stores/s"),
        ("projects/_/buckets/b/objects/a/b.dcm", "projects/_/buckets/b"),
        ("projects/p/locations/l", "projects/p"),
        (
            "projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1",
            "projects/p/locations/l/keyRings/r/cryptoKeys/k",
        ),
        ("projects/p/datasets/d/tables/t", "projects/p/datasets/d/tables/t"),
        ("", ""),
    ],
)
def test_a_grant_helps_on_the_nearest_that_bears_a_policy(resource: str, bearer: str) -> None:
    assert nearest_bearer(resource) == bearer


def test_words_of_a_refusal_name_the_permission() -> None:
    """Cloud Storage: "does not have storage.objects.get access"; addresses have dots, too."""
    said = "ada@p.iam.gserviceaccount.com does not have storage.objects.get access to the Google Cloud Storage object."
    assert permission_in(said) == "storage.objects.get"
    assert permission_in("Request had insufficient authentication scopes.") == ""
