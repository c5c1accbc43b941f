"""FHIR over HTTP: the handlers of the methods of fhirStores.fhir, and what they share."""
