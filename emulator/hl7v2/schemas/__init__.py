"""Schemas of messages: groups of segments and types of values, HL7's own and those of a client on top of them."""
