"""The Pulumi program: settings in, environment built, outputs exported."""

import sys

import pulumi

from infra.environment import Environment
from infra.exports import exports
from infra.settings import SettingsError, load

TOLD_THE_USER = 32  # the exit status by which Pulumi's language host knows that nothing more needs to be said

try:
    environment = Environment(load())
except SettingsError as error:
    for problem in error.problems:
        pulumi.log.error(problem)
    sys.exit(TOLD_THE_USER)
for name, value in exports(environment).items():
    pulumi.export(name, value)
