"""The stand-in provider for Terraform and OpenTofu: the same resources and calls, by their plugin protocol."""
