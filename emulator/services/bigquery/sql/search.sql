-- Search functions, as macros: scalars/search.py finds the terms of texts.
-- https://cloud.google.com/bigquery/docs/reference/standard-sql/search_functions
CREATE MACRO bq_json_strings(j, scope) AS bq_json_texts(CAST(j AS VARCHAR), scope);
