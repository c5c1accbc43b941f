"""Import from and export to Cloud Storage and BigQuery, as resumable operations."""
