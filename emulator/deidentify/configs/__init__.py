"""A DeidentifyConfig in Google's JSON, v1 or v1beta1, as the Settings of a run."""

from dataclasses import replace
from typing import Any

from emulator.deidentify.configs import dicom, fhir, image, key, metadata, text
from emulator.deidentify.keys import Secret
from emulator.deidentify.settings import Settings


def parse(config: dict[str, Any], secret: Secret) -> Settings:
    """Settings of a DeidentifyConfig; `secret` is the run's own, for what the config has no key for.

    Where the config has a key, the first one gives ids and UIDs, too, so that they are the same in every run. Raises
    ConfigError.
    """
    of_dicom, of_fhir = dicom.parse(config), fhir.parse(config)
    if config.get("dicom") is not None or config.get("dicomTagConfig") is not None:
        of_fhir = replace(of_fhir, regenerate_uids=not of_dicom.keep_ids)
    pixels, in_pixels = image.parse(config)
    secret, told = key.first(config) or secret, metadata.parse(config)
    return Settings(secret, of_dicom, text.parse(config), of_fhir, pixels, in_pixels, told)
