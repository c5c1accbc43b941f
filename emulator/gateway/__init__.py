"""The way of a request: routing, authentication, authorisation, validation, handler, audit, encoding."""
