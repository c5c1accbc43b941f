"""Programs for gcsfs, pandas, Arrow and BigQuery's storage client, which run in an environment of their own."""
