"""De-identification as operations: configs, what is read from and written to stores, failures by item."""
