"""What can be wrong with a rule."""


class InvalidRule(ValueError):
    """A rule that is not of the language of authorization rules; its text is what is wrong, without a full stop."""
