"""Cloud Healthcare in Apache Airflow 2.11 and 3: operators, a hook, a trigger and sensors."""

from __future__ import annotations

from typing import Any

VERSION = "0.1.0"


def get_provider_info() -> dict[str, Any]:
    """What Airflow asks a provider package for, through its entry point."""
    integration = "Google Cloud Healthcare"
    package = __name__
    operators = [f"{package}.operators.{name}" for name in ("transfers", "deidentify", "metrics")]
    return {
        "package-name": "airflow-provider-cloud-healthcare",
        "name": integration,
        "description": "DICOM, FHIR and HL7v2 stores of the Cloud Healthcare API.",
        "versions": [VERSION],
        "integrations": [
            {
                "integration-name": integration,
                "external-doc-url": "https://cloud.google.com/healthcare-api/docs",
                "tags": ["gcp"],
            }
        ],
        "operators": [{"integration-name": integration, "python-modules": operators}],
        "sensors": [{"integration-name": integration, "python-modules": [f"{package}.sensors"]}],
        "hooks": [{"integration-name": integration, "python-modules": [f"{package}.hook"]}],
        "triggers": [{"integration-name": integration, "python-modules": [f"{package}.trigger"]}],
    }
