"""What BigQuery's engine process does for the Storage APIs: `reading` and `writing` are called, others they import."""
