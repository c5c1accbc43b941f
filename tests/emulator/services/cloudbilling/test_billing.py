"""What the gcp provider asks of Cloud Billing when it looks a project up."""

from collections.abc import Callable
from typing import Any

from tests.support.emulator import RunningEmulator


def test_the_project_is_paid_for(google_api: Callable[[str, str], Any], emulator: RunningEmulator) -> None:
    projects = google_api("cloudbilling", "v1").projects()
    info = projects.getBillingInfo(name=f"projects/{emulator.project}").execute()
    assert info["projectId"] == emulator.project
    assert info["billingEnabled"] is True
    assert info["billingAccountName"].startswith("billingAccounts/")
