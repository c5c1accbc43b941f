"""The healthcare service: Google's two discovery documents. Tables come with the kinds of store."""

from emulator.gateway.service import Service

SERVICE = Service("healthcare", documents=("healthcare.v1", "healthcare.v1beta1"))
