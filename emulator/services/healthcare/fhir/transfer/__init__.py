"""Import and export of FHIR stores. Importing the modules registers their handlers."""

from emulator.services.healthcare.fhir.transfer import (
    bulk_export,
    cohort,
    exports,
    history_export,
    history_import,
    imports,
)

__all__ = ["bulk_export", "cohort", "exports", "history_export", "history_import", "imports"]
