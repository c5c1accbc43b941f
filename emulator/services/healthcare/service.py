"""The healthcare service: Google's two discovery documents, and its tables."""

from emulator.gateway.service import Service
from emulator.services.healthcare.dicom.tables import SCHEMA

_STORES = "healthcare.projects.locations.datasets.dicomStores."
SERVICE = Service(
    "healthcare",
    documents=("healthcare.v1", "healthcare.v1beta1"),
    schema=SCHEMA,
    data=(f"{_STORES}dicomWeb.", f"{_STORES}studies."),
)
