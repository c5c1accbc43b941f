"""Cloud Healthcare: datasets, stores, DICOMweb, import and export. Importing the modules registers their handlers."""

from emulator.gateway.service import Service
from emulator.services.healthcare.tables import SCHEMA

SERVICE = Service("healthcare", documents=("healthcare.v1", "healthcare.v1beta1"), schema=SCHEMA)

from emulator.services.healthcare import datasets, metrics, operations, resources, streaming  # noqa: E402
from emulator.services.healthcare.dicomweb import delete, metadata, qido, render, stow, wado  # noqa: E402
from emulator.services.healthcare.transfer import exports, imports  # noqa: E402

__all__ = [
    "SERVICE",
    "datasets",
    "delete",
    "exports",
    "imports",
    "metadata",
    "metrics",
    "operations",
    "qido",
    "render",
    "resources",
    "stow",
    "streaming",
    "wado",
]
