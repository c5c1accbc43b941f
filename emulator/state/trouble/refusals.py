"""What trouble answers, in Google's words where they are known."""

from __future__ import annotations

import math
from typing import Any

from emulator.errors import ApiError, aborted, not_found, resource_exhausted, unavailable

MINUTE = 60.0
CONTENTION = (
    "aborted due to cumulative heavy load or lock contention in this project while executing transactional bundle, "
    "please see https://cloud.google.com/healthcare-api/docs/troubleshooting#fhir_transaction_bundle_heavy_load "
    "for more information"
)
"""From Google's page "Data ingestion throughput best practices"; of its two sentences the one that names no type."""


def refusal(kind: str) -> ApiError:
    """The error of a kind of refusal, which a client does right to send its call again after.

    contention: a FHIR transaction met others (Google's words). conflict: a change met another one (AIP-193).
    """
    if kind == "contention":
        return resource_exhausted(CONTENTION, reason="operationTooCostly")
    if kind == "conflict":
        return aborted("The operation was aborted: another change of the resource was under way. Retry it.")
    if kind == "unavailable":
        return unavailable("The service is currently unavailable.")
    return ApiError(500, "INTERNAL", "Internal error encountered.", "backendError")


def quota_exceeded(name: str, limit: int, service: str, consumer: str, region: str, seconds: float) -> ApiError:
    """The 429 for more calls than a quota allows, in the form of Google's, with the seconds until it allows more."""
    per = f"{name} per minute per region"
    wait = max(1, math.ceil(seconds))
    error = resource_exhausted(
        f"Quota exceeded for quota metric '{name}' and limit '{per}' of service '{service}' for consumer '{consumer}'.",
        details=[_error_info(name, limit, service, consumer, region), _retry_info(wait)],
    )
    error.retry_after = wait
    return error


def not_initialized() -> ApiError:
    """The 404 of a dataset that was just created, by which the gcp provider knows that it is to retry."""
    return not_found("dataset not initialized")


def not_visible(name: str) -> ApiError:
    """The 404 of what was created a moment ago."""
    return not_found(f"Resource not found: {name}.")


def _error_info(name: str, limit: int, service: str, consumer: str, region: str) -> dict[str, Any]:
    metric = f"{service}/{name.lower().replace(' ', '_')}"
    return {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "RATE_LIMIT_EXCEEDED",
        "domain": "googleapis.com",
        "metadata": {
            "service": service,
            "consumer": consumer.replace("project_number:", "projects/"),
            "quota_metric": metric,
            "quota_limit": f"{name} per minute per region",
            "quota_limit_value": str(limit),
            "quota_location": region,
            "quota_unit": "1/min/{project}/{region}",
        },
    }


def _retry_info(seconds: int) -> dict[str, Any]:
    return {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{seconds}s"}
