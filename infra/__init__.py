"""What is declared: one module per concern, joined by `infra.environment`."""
