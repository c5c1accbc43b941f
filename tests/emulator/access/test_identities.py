"""Whom a principal counts as: groups in groups, domains, sets, and the forms that deny policies have."""

from emulator.access.groups import memberships
from emulator.access.identities import identities, sets_of_account

ALICE = "user:alice@example.org"
LOADER = "serviceAccount:loader@p.iam.gserviceaccount.com"
POOL = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/ci"
GROUPS = memberships(
    {
        "radiology@example.org": ["group:residents@example.org", LOADER],
        "residents@example.org": [ALICE, "group:radiology@example.org"],  # a circle ends
    }
)


def test_a_person_is_in_groups_of_groups_and_in_a_domain() -> None:
    found = identities(ALICE, GROUPS)
    assert {ALICE, "group:residents@example.org", "group:radiology@example.org", "domain:example.org"} <= found
    assert {"allUsers", "allAuthenticatedUsers"} <= found
    assert "principalSet://goog/group/radiology@example.org" in found
    assert "principal://goog/subject/alice@example.org" in found


def test_a_service_account_is_in_no_domain() -> None:
    found = identities(LOADER, GROUPS)
    assert "group:radiology@example.org" in found
    assert not any(each.startswith("domain:") for each in found)
    assert "principal://iam.googleapis.com/projects/-/serviceAccounts/loader@p.iam.gserviceaccount.com" in found


def test_a_federated_identity_is_one_of_its_pool_and_not_authenticated_by_google() -> None:
    """IAM: "Principal identifiers": allAuthenticatedUsers doesn't include federated identities."""
    found = identities(f"principal:{POOL}/subject/repo:a/b", {})
    assert f"principalSet:{POOL}/*" in found
    assert "allAuthenticatedUsers" not in found


def test_nobody_is_everybody_on_the_internet() -> None:
    assert identities("", GROUPS) == {"allUsers", "principalSet://goog/public:all"}


def test_service_accounts_and_agents_are_in_the_sets_of_their_project_and_of_all_above() -> None:
    """IAM: "Principal identifiers", principal sets of service accounts and agents."""
    beginning = "principalSet://cloudresourcemanager.googleapis.com"
    places = ("projects/7", "folders/3", "organizations/1")
    known = {"imaging": places, "7": places}
    account = sets_of_account("loader@imaging.iam.gserviceaccount.com", lambda project: known.get(project, ()))
    assert account == {f"{beginning}/{place}/type/ServiceAccount" for place in places}
    agent = sets_of_account("service-7@gcp-sa-healthcare.iam.gserviceaccount.com", lambda project: known[project])
    assert agent == {f"{beginning}/{place}/type/ServiceAgent" for place in places}
    assert sets_of_account("loader@elsewhere.iam.gserviceaccount.com", lambda _: ()) == frozenset()
