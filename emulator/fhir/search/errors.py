"""What is wrong with a search."""


class SearchError(ValueError):
    """A search that cannot be made: 400 of the store. The message is one sentence that names the parameter."""
