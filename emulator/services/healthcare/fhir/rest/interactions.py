"""Registration of FHIR's interactions: their permission, and refusals in the form of FHIR."""

import functools
from collections.abc import Callable

from emulator.fhir.outcomes import Refused
from emulator.gateway.request import Answer, Request
from emulator.gateway.service import Handler, Resource
from emulator.services.healthcare.fhir.errors import FhirError
from emulator.services.healthcare.fhir.rest import paths
from emulator.services.healthcare.names import METHODS
from emulator.services.healthcare.service import SERVICE

GET = "healthcare.fhirResources.get"
CREATE = "healthcare.fhirResources.create"
UPDATE = "healthcare.fhirResources.update"
PATCH = "healthcare.fhirResources.patch"
DELETE = "healthcare.fhirResources.delete"
PURGE = "healthcare.fhirResources.purge"
SEARCH = "healthcare.fhirStores.searchResources"
IMPORT = "healthcare.fhirStores.import"
EXECUTE = "healthcare.fhirStores.executeBundle"
STORE = "healthcare.fhirStores.get"
OF_VERBS = {"GET": GET, "POST": CREATE, "PUT": UPDATE, "PATCH": PATCH, "DELETE": DELETE}
"""What an entry of a bundle asks for."""


def interaction(
    name: str, *permissions: str, on: Resource | None = None, open_query: bool = True
) -> Callable[[Handler], Handler]:
    """Register a handler under the name that Google gives the method (fhir.NAME), with the permissions it asks for.

    The handler may raise Refused; its outcome is the answer. Without open_query, parameters that the document does not
    have are refused before, as by Google's other APIs.
    """

    def register(handler: Handler) -> Handler:
        @functools.wraps(handler)
        async def refusing(request: Request) -> Answer:
            try:
                return await handler(request)
            except Refused as refused:
                raise FhirError(refused, paths.version_in(request)) from None

        return SERVICE.handles(f"{METHODS}.fhirStores.{name}", permission=permissions, on=on, open_query=open_query)(
            refusing
        )

    return register
