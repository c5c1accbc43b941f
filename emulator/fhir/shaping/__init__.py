"""Resources as rows of BigQuery, in the shapes that Cloud Healthcare exports and streams, and the schemas of these."""
