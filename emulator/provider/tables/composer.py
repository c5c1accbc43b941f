"""Managed Airflow (Composer): environments."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from emulator.provider.compare import compare
from emulator.provider.model import Call, Resource, props
from emulator.provider.operations import wait
from emulator.provider.rest import Rest, RestError
from emulator.provider.settings import Settings
from emulator.provider.tables.regional import Regional

_ENVIRONMENT = "projects/{project}/locations/{region}/environments/{name}"
# Properties of the program's config that the API has in another object.
_PRIVATE = ("enablePrivateEnvironment", "enablePrivateBuildsOnly")
_SOFTWARE = "config.softwareConfig"

ENVIRONMENT = Resource(
    resource_type="gcp:composer/environment:Environment",
    service="composer",
    id=_ENVIRONMENT,
    imports=(_ENVIRONMENT, "{project}/{region}/{name}", "{name}"),
    create=Call("POST", "projects/{project}/locations/{region}/environments"),
    read=Call("GET", _ENVIRONMENT),
    update=Call("PATCH", _ENVIRONMENT, {"updateMask": "{updateMask}"}),
    delete=Call("DELETE", _ENVIRONMENT),
    address=props("name region project"),
    unsent=props("region project"),
    immutable=props(
        "name region project storageConfig config.nodeConfig.serviceAccount config.nodeConfig.machineType "
        "config.nodeConfig.tags config.nodeConfig.oauthScopes config.nodeConfig.ipAllocationPolicy "
        "config.encryptionConfig config.privateEnvironmentConfig"
    ),
    computed=props(
        "project region config storageConfig config.airflowUri config.dagGcsPrefix config.gkeCluster config.nodeCount "
        "config.nodeConfig config.softwareConfig config.softwareConfig.imageVersion config.environmentSize "
        "config.workloadsConfig config.databaseConfig config.webServerConfig config.maintenanceWindow "
        "config.recoveryConfig config.dataRetentionConfig config.resilienceMode config.privateEnvironmentConfig "
        "config.webServerNetworkAccessControl config.encryptionConfig config.masterAuthorizedNetworksConfig "
        "config.enablePrivateEnvironment config.enablePrivateBuildsOnly config.softwareConfig.pythonVersion "
        "config.softwareConfig.webServerPluginsMode config.softwareConfig.cloudDataLineageIntegration"
    ),
    unordered=props("config.nodeConfig.tags config.nodeConfig.oauthScopes"),
    rename={"zone": "location"},
)


class _Environment(Regional):
    """An environment is made, changed field by field, and deleted by operations, as the official plugin does it."""

    def body(self, values: Mapping[str, Any], *, updating: bool = False) -> Any:
        sent = super().body(values, updating=updating)
        config = sent.get("config") or {}
        private = {name: config.pop(name) for name in _PRIVATE if name in config}
        if private:
            config["privateEnvironmentConfig"] = {**config.get("privateEnvironmentConfig", {}), **private}
        return sent

    def state(self, live: Mapping[str, Any], given: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
        config = dict(live.get("config") or {})
        private = config.get("privateEnvironmentConfig") or {}
        config |= {name: private[name] for name in _PRIVATE if name in private}
        return super().state({**live, "config": config}, given, settings)

    def created(self, rest: Rest, values: Mapping[str, Any], made: Mapping[str, Any]) -> None:
        del values
        wait(rest, self.spec.service, made)

    def send_update(self, rest: Rest, old: Mapping[str, Any], values: Mapping[str, Any], changed: set[str]) -> None:
        body, place = self.body(values, updating=True), self.variables(old, rest.settings)
        paths = [change.path for change in compare(self.spec, old, values, iter(sorted(changed)))]
        assert self.spec.update is not None
        for mask in _masks([*paths, *(["labels"] if "labels" in changed else [])]):
            operation = rest.call(self.spec.service, self.spec.update, {**place, "updateMask": mask}, body)
            wait(rest, self.spec.service, operation)

    def delete(self, rest: Rest, state: Mapping[str, Any]) -> None:
        if self.kept(state):
            return
        try:
            call = Call("DELETE", _ENVIRONMENT)
            wait(rest, self.spec.service, rest.call(self.spec.service, call, self.variables(state, rest.settings)))
        except RestError as error:
            if error.code != 404:
                raise


def _masks(paths: Iterable[str]) -> list[str]:
    """The fields that Composer changes one at a time: labels, parts of config, and of its softwareConfig."""
    found = {}
    for path in paths:
        parts = re.split(r"[.\[]", path)
        depth = 3 if ".".join(parts[:2]) == _SOFTWARE else 2
        mask = "labels" if parts[0] == "labels" else ".".join(parts[:depth])
        found[
            mask.replace(_PRIVATE[0], "privateEnvironmentConfig").replace(_PRIVATE[1], "privateEnvironmentConfig")
        ] = True
    return list(found)


FLOWS = (_Environment(ENVIRONMENT),)
