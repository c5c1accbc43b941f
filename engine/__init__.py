"""Sets the repository up: Python packages, Pulumi engine, gcp plugin. Standard library only: it runs before these."""
