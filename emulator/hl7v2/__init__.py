"""Pure HL7v2: segments and fields, parsed and schematized data, acknowledgements. Knows nothing of the emulator."""
