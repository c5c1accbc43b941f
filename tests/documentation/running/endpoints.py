"""Prints the variables that lead the gcp provider to the emulator that HEALTHCARE_EMULATOR_HOST names."""

import os
import sys

from emulator.provider.settings import ENDPOINTS as VARIABLES
from tests.support.endpoints import ENDPOINTS

for service, path in ENDPOINTS.items():
    sys.stdout.write(f"{VARIABLES[service]}={os.environ['HEALTHCARE_EMULATOR_HOST']}/{path}\n")
