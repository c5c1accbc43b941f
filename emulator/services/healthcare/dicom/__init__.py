"""DICOM stores: DICOMweb, import and export, notifications and streams of what changes."""

from emulator.services.healthcare.dicom import blob_settings, metrics, store
from emulator.services.healthcare.dicom.transfer import exports, imports
from emulator.services.healthcare.dicom.web import delete, metadata, patch, qido, render, stow, update, wado

__all__ = [
    "blob_settings",
    "delete",
    "exports",
    "imports",
    "metadata",
    "metrics",
    "patch",
    "qido",
    "render",
    "store",
    "stow",
    "update",
    "wado",
]
