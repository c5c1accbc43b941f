"""What is wrong with an expression."""


class PathError(ValueError):
    """An expression that cannot be compiled. The message is one sentence that quotes it and says where it stops."""
