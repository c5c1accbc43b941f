"""What a FHIR store would refuse of files, told before anything is sent, and the smallest changes that help."""
