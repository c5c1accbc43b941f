"""Pure FHIR: versions, JSON, references, definitions, validation, shapes of BigQuery. Knows nothing of the emulator."""
