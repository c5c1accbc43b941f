"""Cloud Healthcare: datasets, stores, DICOMweb, import and export. Importing the modules registers their handlers."""

from emulator.services.healthcare import datasets, operations, resources
from emulator.services.healthcare.dicom import blob_settings, metrics, streaming
from emulator.services.healthcare.dicom.transfer import exports, imports
from emulator.services.healthcare.dicom.web import delete, metadata, patch, qido, render, stow, update, wado
from emulator.services.healthcare.service import SERVICE

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
