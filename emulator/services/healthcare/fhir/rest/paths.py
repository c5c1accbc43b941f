"""What the path of a FHIR request names, and the addresses that answers give."""

from typing import NamedTuple

from emulator.fhir.outcomes import Refused
from emulator.gateway.request import Request
from emulator.services.healthcare.fhir import checks, stored
from emulator.services.healthcare.fhir.stored import Store, Version
from emulator.services.healthcare.names import store_of


class Target(NamedTuple):
    """A resource, or one version of it, in a store that is there."""

    store: Store
    type: str
    id: str
    version: str = ""

    @property
    def relative(self) -> str:
        """Type/id."""
        return f"{self.type}/{self.id}"


def store_in(request: Request) -> Store:
    """The store that a request is for; 404 where it is not there."""
    return stored.opened(request.context, store_of(request.name))


def version_in(request: Request) -> str:
    """The version of FHIR of the store that a request is for; R4 where the store is not there."""
    try:
        return store_in(request).version
    except Refused:
        return "R4"


def target_of(request: Request) -> Target:
    """The resource that a path ends in, .../fhir/Type/ID[/_history/VERSION]. 400 for no such type, or what is no id."""
    store = store_in(request)
    resource_type, identifier, *version = request.name.removeprefix(f"{store.name}/fhir/").split("/")
    store.require_type(resource_type)
    return Target(store, resource_type, checks.require_id(identifier), version[1] if len(version) > 1 else "")


def typed(request: Request) -> tuple[Store, str]:
    """The store and the type of resource of a path .../fhir/Type. 400 for no such type."""
    store = store_in(request)
    return store, store.require_type(request.path["type"])


def base(request: Request, store: str) -> str:
    """The address of a store's FHIR, in the version of the API that was asked."""
    api = request.method.template.partition("/")[0]
    return f"{request.base_url}/{api}/{store}/fhir"


def address(base_url: str, version: Version) -> str:
    """The address of a version of a resource."""
    return f"{base_url}/{version.relative}/_history/{version.version_id}"
