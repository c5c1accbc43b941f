"""Whether a resource is what the definitions of its version allow, in the words of Google's own open FHIR parser."""
