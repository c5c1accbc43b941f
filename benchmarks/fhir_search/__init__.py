"""FHIR search in process: the index of a store in SQLite, beside bare reads of the same rows and of JSON."""
