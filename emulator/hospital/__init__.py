"""A made-up hospital: patients whose films, FHIR resources, HL7v2 messages and consents agree with each other.

All of it is a function of a seed and a patient's number, byte for byte and on every machine. `story` says what
happened, `films`, `fhir` and `messages` say it in their form, and `filling` brings it to a running emulator.
"""
