"""A request of google-api-python-client that survives a long pause before it."""

from typing import Any

from googleapiclient.http import HttpRequest


class Reconnecting(HttpRequest):  # type: ignore[misc]  # the package has no types
    """Connects anew where the server has closed the connection that was kept: Google's do after ten minutes."""

    def execute(self, http: Any = None, num_retries: int = 0) -> Any:
        """The answer to the request."""
        try:
            return super().execute(http, num_retries)
        except ConnectionError:
            return super().execute(http, num_retries)
