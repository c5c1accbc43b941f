"""Managed Airflow (Composer, v1): environments as resources, each with its bucket; no Airflow runs in them."""

from emulator.services.composer import changes, environments, image_versions, operations
from emulator.services.composer.service import SERVICE

__all__ = ["SERVICE", "changes", "environments", "image_versions", "operations"]
