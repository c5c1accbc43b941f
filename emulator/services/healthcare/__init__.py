"""Cloud Healthcare: datasets, stores, DICOMweb, import and export. Importing the modules registers their handlers."""

from emulator.gateway.service import Service
from emulator.services.healthcare.tables import SCHEMA

SERVICE = Service("healthcare", documents=("healthcare.v1", "healthcare.v1beta1"), schema=SCHEMA)

from emulator.services.healthcare import blob_settings, datasets, metrics, operations, resources, streaming  # noqa: E402
from emulator.services.healthcare.dicomweb import delete, metadata, patch, qido, render, stow, update, wado  # noqa: E402
from emulator.services.healthcare.transfer import exports, imports  # noqa: E402

__all__ = [
    "SERVICE",
    "blob_settings",
    "datasets",
    "delete",
    "exports",
    "imports",
    "metadata",
    "metrics",
    "operations",
    "patch",
    "qido",
    "render",
    "resources",
    "stow",
    "streaming",
    "update",
    "wado",
]
