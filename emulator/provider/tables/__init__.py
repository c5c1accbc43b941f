"""The resources that the provider serves, by token: one module for each Google service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from emulator.provider.flow import Flow
from emulator.provider.tables import (
    bigquery,
    composer,
    custom_roles,
    deny_policies,
    federation,
    healthcare,
    iam,
    kms,
    logging,
    monitoring,
    projects,
    pubsub,
    run,
    scheduler,
    secretmanager,
    serviceaccount,
    storage,
    tags,
)

_MODULES = (
    storage,
    healthcare,
    pubsub,
    bigquery,
    projects,
    serviceaccount,
    kms,
    logging,
    monitoring,
    scheduler,
    run,
    composer,
    iam,
    custom_roles,
    deny_policies,
    secretmanager,
    federation,
    tags,
)
FLOWS: Final[Mapping[str, Flow]] = {flow.spec.resource_type: flow for module in _MODULES for flow in module.FLOWS}
