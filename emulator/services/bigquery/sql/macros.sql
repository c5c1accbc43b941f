-- BigQuery's functions that DuckDB lacks or does otherwise, as macros. Translated statements call them by these names.
-- Source of the meaning: BigQuery's function reference (GoogleSQL).
-- An error of ours: the mark in front tells its words from the engine's, which no user sees.
CREATE MACRO bq_error(words) AS error(chr(1) || words);
CREATE MACRO bq_div(a, b) AS CASE WHEN b = 0 THEN bq_error('division by zero') ELSE a / b END;
CREATE MACRO bq_idiv(a, b) AS CASE WHEN b = 0 THEN bq_error('division by zero') ELSE CAST(trunc(a / b) AS BIGINT) END;
CREATE MACRO bq_mod(a, b) AS CASE WHEN b = 0 THEN bq_error('division by zero') ELSE a % b END;
CREATE MACRO bq_safe_divide(a, b) AS CASE WHEN b = 0 THEN NULL ELSE a / b END;
CREATE MACRO bq_ieee_divide(a, b) AS CASE WHEN b <> 0 THEN a / b WHEN a = 0 OR isnan(CAST(a AS DOUBLE)) THEN CAST('NaN' AS DOUBLE) WHEN a > 0 THEN CAST('Infinity' AS DOUBLE) ELSE CAST('-Infinity' AS DOUBLE) END;

CREATE MACRO bq_element(a, i) AS CASE WHEN a IS NULL THEN NULL WHEN i < 0 OR i >= len(a) THEN bq_error('Array index ' || CAST(i AS VARCHAR) || ' is out of bounds') ELSE a[i + 1] END;
CREATE MACRO bq_safe_element(a, i) AS CASE WHEN i < 0 OR i >= len(a) THEN NULL ELSE a[i + 1] END;
CREATE MACRO bq_array_to_string(a, sep) AS array_to_string(list_filter(a, lambda x: x IS NOT NULL), sep);
CREATE MACRO bq_array_to_string_null(a, sep, if_null) AS array_to_string(list_transform(a, lambda x: coalesce(x, if_null)), sep);
CREATE MACRO bq_approx_top_count(x, n) AS list_transform(list_sort(list_transform(map_entries(histogram(x)), lambda e: struct_pack(c := e.value, v := e.key)), 'DESC')[:n], lambda e: struct_pack("value" := e.v, "count" := CAST(e.c AS BIGINT)));
CREATE MACRO bq_approx_quantiles(x, n) AS quantile_disc(x, list_transform(range(n + 1), lambda i: i / n));

CREATE MACRO bq_json_value(j, path) AS CASE json_type(CAST(j AS JSON), path) WHEN 'OBJECT' THEN NULL WHEN 'ARRAY' THEN NULL WHEN 'NULL' THEN NULL ELSE json_extract_string(CAST(j AS JSON), path) END;
CREATE MACRO bq_json_query(j, path) AS json_extract(CAST(j AS JSON), path);
CREATE MACRO bq_json_value_array(j, path) AS CASE WHEN json_type(CAST(j AS JSON), path) = 'ARRAY' THEN json_extract_string(CAST(j AS JSON), path || '[*]') ELSE NULL END;
CREATE MACRO bq_json_query_array(j, path) AS CASE WHEN json_type(CAST(j AS JSON), path) = 'ARRAY' THEN json_extract(CAST(j AS JSON), path || '[*]') ELSE NULL END;
CREATE MACRO bq_json_type(j) AS CASE json_type(j) WHEN 'OBJECT' THEN 'object' WHEN 'ARRAY' THEN 'array' WHEN 'VARCHAR' THEN 'string' WHEN 'BOOLEAN' THEN 'boolean' WHEN 'NULL' THEN 'null' ELSE 'number' END;
CREATE MACRO bq_string(x) AS json_extract_string(to_json(x), '$');
CREATE MACRO bq_cast_string(x) AS CASE WHEN typeof(x) = 'DOUBLE' OR starts_with(typeof(x), 'DECIMAL') THEN regexp_replace(CAST(x AS VARCHAR), '\.0+$|(\.\d*[1-9])0+$', '\1') ELSE CAST(x AS VARCHAR) END;
CREATE MACRO bq_to_json_string(x) AS CAST(to_json(x) AS VARCHAR);

CREATE MACRO bq_week_number(d) AS CAST(strftime(CAST(d AS TIMESTAMP), '%U') AS BIGINT);
CREATE MACRO bq_unix_seconds(t) AS CAST(floor(epoch_us(t) / 1000000) AS BIGINT);
CREATE MACRO bq_unix_millis(t) AS CAST(floor(epoch_us(t) / 1000) AS BIGINT);
CREATE MACRO bq_unix_date(d) AS CAST(date_diff('day', DATE '1970-01-01', d) AS BIGINT);
CREATE MACRO bq_timestamp_micros(n) AS make_timestamp(CAST(n AS BIGINT)) AT TIME ZONE 'UTC';
CREATE MACRO bq_timestamp_millis(n) AS make_timestamp(CAST(n AS BIGINT) * 1000) AT TIME ZONE 'UTC';
CREATE MACRO bq_timestamp_seconds(n) AS make_timestamp(CAST(n AS BIGINT) * 1000000) AT TIME ZONE 'UTC';
CREATE MACRO bq_date_from_unix_date(n) AS CAST(DATE '1970-01-01' + to_days(CAST(n AS INTEGER)) AS DATE);

CREATE MACRO bq_to_hex(b) AS lower(hex(b));
CREATE MACRO bq_sha1(x) AS unhex(sha1(x));
CREATE MACRO bq_bytes_to_string(b) AS decode(b);
CREATE MACRO bq_regexp_instr(x, r) AS CASE WHEN regexp_matches(x, r) THEN strpos(x, regexp_extract(x, r)) ELSE 0 END;
CREATE MACRO bq_is_inf(x) AS isinf(CAST(x AS DOUBLE));
CREATE MACRO bq_is_nan(x) AS isnan(CAST(x AS DOUBLE));
