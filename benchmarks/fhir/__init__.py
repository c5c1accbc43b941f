"""The FHIR store beside HAPI FHIR's JPA server, and grown to a million resources."""
