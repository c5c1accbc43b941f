-- CAST and SAFE_CAST, as macros: what a STRING must look like (bq_is_..., and bq_..._of, which gives it as the engine reads
-- it, or NULL), then the casts.
-- https://cloud.google.com/bigquery/docs/reference/standard-sql/conversion_functions#cast
CREATE MACRO bq_thousandths(s) AS regexp_replace(regexp_replace(s, '(\.(?:\d{3})?\d)(\D|$)', '\100\2'), '(\.(?:\d{3})?\d\d)(\D|$)', '\10\2');
CREATE MACRO bq_int_sign(s) AS CASE WHEN contains(lower(s), '0x') AND contains(s, '-') THEN -1 ELSE 1 END;
CREATE MACRO bq_numeric_of(s) AS CASE WHEN regexp_full_match(trim(s), '(?i)[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?') THEN s END;
CREATE MACRO bq_date_of(s) AS CASE WHEN regexp_full_match(s, '[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}') THEN s END;
CREATE MACRO bq_time_of(s) AS CASE WHEN regexp_full_match(s, '(?:[01]?[0-9]|2[0-3]):[0-9]{1,2}:[0-9]{1,2}(?:\.[0-9]{1,6})?') THEN s END;
CREATE MACRO bq_datetime_of(s) AS CASE WHEN regexp_full_match(s, '[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[ Tt](?:[01]?[0-9]|2[0-3]):[0-9]{1,2}:[0-9]{1,2}(?:\.[0-9]{1,6})?)?') THEN replace(upper(s), 'T', ' ') END;
CREATE MACRO bq_zone_of(s) AS CASE WHEN s IN ('', 'Z', 'z') THEN 'UTC' WHEN regexp_full_match(s, '[+-].*') THEN 'GMT' || s ELSE s END;
CREATE MACRO bq_timestamp_of(s) AS CASE WHEN regexp_full_match(s, '[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[ Tt](?:[01]?[0-9]|2[0-3]):[0-9]{1,2}:[0-9]{1,2}(?:\.[0-9]{1,6})?)?(?:[Zz]| ?[+-][0-9]{1,2}(?::[0-9]{2})?| [A-Za-z][A-Za-z0-9_+/-]*)?') THEN regexp_extract(s, '^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}') || ' ' || coalesce(nullif(regexp_extract(s, '^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}[ Tt]((?:[01]?[0-9]|2[0-3]):[0-9]{1,2}:[0-9]{1,2}(?:\.[0-9]{1,6})?)', 1), ''), '00:00:00') || ' ' || bq_zone_of(regexp_extract(s, '^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[ Tt](?:[01]?[0-9]|2[0-3]):[0-9]{1,2}:[0-9]{1,2}(?:\.[0-9]{1,6})?)? ?(.*)$', 1)) END;

CREATE MACRO bq_cast_string(x) AS CASE WHEN typeof(x) = 'BIGNUM' THEN bq_big_text(x) WHEN typeof(x) = 'DOUBLE' OR starts_with(typeof(x), 'DECIMAL') THEN regexp_replace(CAST(x AS VARCHAR), '\.0+$|(\.\d*[1-9])0+$', '\1') WHEN starts_with(typeof(x), 'TIME') THEN bq_thousandths(CAST(x AS VARCHAR)) WHEN typeof(x) = 'BLOB' THEN decode(TRY_CAST(x AS BLOB)) ELSE CAST(x AS VARCHAR) END;
CREATE MACRO bq_is_int(s) AS regexp_full_match(trim(s), '[+-]?([0-9]+|0[xX][0-9a-fA-F]+)');
CREATE MACRO bq_is_float(s) AS regexp_full_match(trim(s), '(?i)[+-]?(([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?|inf|infinity|nan)');
CREATE MACRO bq_plain_int(s) AS CASE WHEN contains(lower(s), '0x') THEN replace(replace(lower(trim(s)), '-', ''), '+', '') ELSE trim(s) END;
CREATE MACRO bq_cast_int64(x) AS CASE WHEN typeof(x) IN ('DOUBLE', 'FLOAT') THEN CAST(round(CAST(x AS DOUBLE)) AS BIGINT) WHEN typeof(x) <> 'VARCHAR' THEN CAST(x AS BIGINT) WHEN x IS NULL THEN NULL WHEN bq_is_int(CAST(x AS VARCHAR)) THEN bq_int_sign(CAST(x AS VARCHAR)) * CAST(bq_plain_int(CAST(x AS VARCHAR)) AS BIGINT) ELSE bq_fail('Bad int64 value: ' || CAST(x AS VARCHAR)) END;
CREATE MACRO bq_safe_cast_int64(x) AS CASE WHEN typeof(x) IN ('DOUBLE', 'FLOAT') THEN TRY_CAST(round(TRY_CAST(x AS DOUBLE)) AS BIGINT) WHEN typeof(x) <> 'VARCHAR' THEN TRY_CAST(x AS BIGINT) WHEN bq_is_int(CAST(x AS VARCHAR)) THEN bq_int_sign(CAST(x AS VARCHAR)) * TRY_CAST(bq_plain_int(CAST(x AS VARCHAR)) AS BIGINT) ELSE NULL END;
CREATE MACRO bq_cast_float64(x) AS CASE WHEN typeof(x) <> 'VARCHAR' OR x IS NULL THEN CAST(x AS DOUBLE) WHEN bq_is_float(CAST(x AS VARCHAR)) AND (isfinite(TRY_CAST(x AS DOUBLE)) OR regexp_full_match(CAST(x AS VARCHAR), '[^0-9]*')) THEN CAST(x AS DOUBLE) ELSE bq_fail('Bad double value: ' || CAST(x AS VARCHAR)) END;
CREATE MACRO bq_safe_cast_float64(x) AS CASE WHEN typeof(x) <> 'VARCHAR' OR (bq_is_float(CAST(x AS VARCHAR)) AND (isfinite(TRY_CAST(x AS DOUBLE)) OR regexp_full_match(CAST(x AS VARCHAR), '[^0-9]*'))) THEN TRY_CAST(x AS DOUBLE) ELSE NULL END;
CREATE MACRO bq_cast_bool(x) AS CASE WHEN typeof(x) <> 'VARCHAR' OR x IS NULL OR lower(CAST(x AS VARCHAR)) IN ('true', 'false') THEN CAST(x AS BOOLEAN) ELSE bq_fail('Bad bool value: ' || CAST(x AS VARCHAR)) END;
CREATE MACRO bq_safe_cast_bool(x) AS CASE WHEN typeof(x) <> 'VARCHAR' OR lower(CAST(x AS VARCHAR)) IN ('true', 'false') THEN TRY_CAST(x AS BOOLEAN) ELSE NULL END;
CREATE MACRO bq_cast_date(x) AS CASE WHEN typeof(x) <> 'VARCHAR' OR x IS NULL THEN CAST(x AS DATE) WHEN bq_date_of(CAST(x AS VARCHAR)) IS NULL THEN bq_fail('Invalid date: ''' || CAST(x AS VARCHAR) || '''') ELSE CAST(bq_date_of(CAST(x AS VARCHAR)) AS DATE) END;
CREATE MACRO bq_safe_cast_date(x) AS CASE WHEN typeof(x) <> 'VARCHAR' THEN TRY_CAST(x AS DATE) ELSE TRY_CAST(bq_date_of(CAST(x AS VARCHAR)) AS DATE) END;
CREATE MACRO bq_cast_time(x) AS CASE WHEN typeof(x) <> 'VARCHAR' OR x IS NULL THEN CAST(x AS TIME) WHEN bq_time_of(CAST(x AS VARCHAR)) IS NULL THEN bq_fail('Invalid time: ''' || CAST(x AS VARCHAR) || '''') ELSE CAST(bq_time_of(CAST(x AS VARCHAR)) AS TIME) END;
CREATE MACRO bq_safe_cast_time(x) AS CASE WHEN typeof(x) <> 'VARCHAR' THEN TRY_CAST(x AS TIME) ELSE TRY_CAST(bq_time_of(CAST(x AS VARCHAR)) AS TIME) END;
CREATE MACRO bq_cast_datetime(x) AS CASE WHEN typeof(x) <> 'VARCHAR' OR x IS NULL THEN CAST(x AS TIMESTAMP) WHEN bq_datetime_of(CAST(x AS VARCHAR)) IS NULL THEN bq_fail('Invalid datetime: ''' || CAST(x AS VARCHAR) || '''') ELSE CAST(bq_datetime_of(CAST(x AS VARCHAR)) AS TIMESTAMP) END;
CREATE MACRO bq_safe_cast_datetime(x) AS CASE WHEN typeof(x) <> 'VARCHAR' THEN TRY_CAST(x AS TIMESTAMP) ELSE TRY_CAST(bq_datetime_of(CAST(x AS VARCHAR)) AS TIMESTAMP) END;
CREATE MACRO bq_cast_timestamp(x) AS CASE WHEN typeof(x) <> 'VARCHAR' OR x IS NULL THEN CAST(x AS TIMESTAMP WITH TIME ZONE) WHEN bq_timestamp_of(CAST(x AS VARCHAR)) IS NULL THEN bq_fail('Invalid timestamp: ''' || CAST(x AS VARCHAR) || '''') ELSE CAST(bq_timestamp_of(CAST(x AS VARCHAR)) AS TIMESTAMP WITH TIME ZONE) END;
CREATE MACRO bq_safe_cast_timestamp(x) AS CASE WHEN typeof(x) <> 'VARCHAR' THEN TRY_CAST(x AS TIMESTAMP WITH TIME ZONE) ELSE TRY_CAST(bq_timestamp_of(CAST(x AS VARCHAR)) AS TIMESTAMP WITH TIME ZONE) END;
CREATE MACRO bq_numeric_text(x) AS CASE WHEN typeof(x) <> 'VARCHAR' OR x IS NULL OR bq_numeric_of(CAST(x AS VARCHAR)) IS NOT NULL THEN x ELSE bq_fail('Invalid NUMERIC value: ' || CAST(x AS VARCHAR)) END;
CREATE MACRO bq_safe_numeric_text(x) AS CASE WHEN typeof(x) <> 'VARCHAR' OR bq_numeric_of(CAST(x AS VARCHAR)) IS NOT NULL THEN x END;
