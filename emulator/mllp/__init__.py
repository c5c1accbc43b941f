"""HL7v2 over MLLP in front of an HL7v2 store, as Google's MLLP adapter does it: messages in, messages out.

It is a process of its own and a client of the running emulator, so that a message is acknowledged only after the
emulator has answered that it is stored.
"""
