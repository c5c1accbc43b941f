"""Where requests go and whose name they bear, from a Google Cloud connection of Airflow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

DEFAULT_CONNECTION = "google_cloud_default"


@dataclass(frozen=True)
class Connecting:
    """How a hook reaches the API; operators, sensors and the trigger hand it on.

    Args:
        gcp_conn_id: the connection of Airflow, as Google's own provider takes it.
        impersonation_chain: a service account to act as, or several, each acting as the next; None for none.
        api_endpoint: the root URL of another API than Google's, such as an emulator's; "" takes `api_endpoint` of the
            connection's extra, else HEALTHCARE_EMULATOR_HOST of the environment, else Google's.
        api_version: "v1", or "v1beta1" for fields that only it knows.
    """

    gcp_conn_id: str = DEFAULT_CONNECTION
    impersonation_chain: str | Sequence[str] | None = None
    api_endpoint: str = ""
    api_version: str = "v1"

    def to_mapping(self) -> dict[str, Any]:
        """The fields by name, as a trigger is serialized with them."""
        return asdict(self)
