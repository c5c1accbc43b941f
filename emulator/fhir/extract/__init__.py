"""Makes the tables in emulator/fhir/data from HL7's published definitions. Run by developers; nothing imports it."""
