"""FHIR stores: files of resources, what a store refuses of them, and a store's REST API."""
