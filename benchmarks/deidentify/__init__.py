"""De-identification measured."""
