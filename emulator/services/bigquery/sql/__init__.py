"""The SQL side of BigQuery: schemas, values, the dialect, and the DuckDB file that holds the rows."""
