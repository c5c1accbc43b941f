"""Cloud Healthcare: datasets, stores, DICOMweb, import and export. Importing the modules registers their handlers."""

from emulator.services.healthcare import blob_settings, datasets, metrics, operations, resources, streaming
from emulator.services.healthcare.dicomweb import delete, metadata, patch, qido, render, stow, update, wado
from emulator.services.healthcare.service import SERVICE
from emulator.services.healthcare.transfer import exports, imports

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
