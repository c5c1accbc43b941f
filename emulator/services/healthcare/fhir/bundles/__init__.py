"""Bundles that are executed: their entries, references between these, batch and transaction."""
