"""What goes wrong with a message: one exception whose message is one sentence for a person, without patients' data."""


class MessageError(ValueError):
    """The bytes are no HL7v2 message, or not one that fits its schema."""
