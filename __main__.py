"""The Pulumi program: settings in, environment built, outputs exported."""

import pulumi

from infra.environment import Environment
from infra.settings import SettingsError, load

try:
    environment = Environment(load())
except SettingsError as error:
    raise pulumi.RunError(str(error)) from None
for name, value in environment.outputs.items():
    pulumi.export(name, value)
