"""A Pulumi program of its own, run by the engine."""
