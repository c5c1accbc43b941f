-- Values as FORMAT shows them, as macros; see formatted.py.
CREATE MACRO bq_enclose(opening, parts, closing) AS opening || array_to_string(parts, ', ') || closing;
CREATE MACRO bq_typed_literal(name, s) AS name || ' "' || s || '"';
CREATE MACRO bq_json_text(x) AS CAST(x AS VARCHAR);
CREATE MACRO bq_json_literal(x) AS 'JSON ' || bq_quoted(CAST(x AS VARCHAR));
CREATE MACRO bq_string_literal(x) AS bq_quoted(CAST(x AS VARCHAR));
CREATE MACRO bq_float_text(x) AS CASE WHEN isnan(CAST(x AS DOUBLE)) THEN 'NaN' ELSE CAST(CAST(x AS DOUBLE) AS VARCHAR) END;
CREATE MACRO bq_float_literal(x) AS CASE WHEN isfinite(CAST(x AS DOUBLE)) THEN bq_float_text(x) ELSE 'CAST("' || lower(bq_float_text(x)) || '" AS FLOAT64)' END;
CREATE MACRO bq_interval_literal(s) AS 'INTERVAL "' || s || '" YEAR TO SECOND';
CREATE MACRO bq_geography_literal(s) AS 'ST_GEOGFROMTEXT("' || s || '")';
