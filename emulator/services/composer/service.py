"""Composer's service, and where its methods are."""

from emulator.gateway.service import Service

SERVICE = Service("composer", documents=("composer.v1",))
ENVIRONMENTS = "composer.environments"
METHODS = "composer.projects.locations"
CHANGE = "composer.change"  # the operations that create, change and delete an environment
TYPES = "type.googleapis.com/google.cloud.orchestration.airflow.service.v1"
