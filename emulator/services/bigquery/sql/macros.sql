-- BigQuery's functions that DuckDB lacks or does otherwise, as macros. Translated statements call them by these names.
-- Source of the meaning: BigQuery's function reference (GoogleSQL).

CREATE MACRO bq_element(a, i) AS CASE WHEN a IS NULL THEN NULL WHEN i < 0 OR i >= len(a) THEN bq_fail('Array index ' || CAST(i AS VARCHAR) || ' is out of bounds') ELSE a[i + 1] END;
CREATE MACRO bq_safe_element(a, i) AS CASE WHEN i < 0 OR i >= len(a) THEN NULL ELSE a[i + 1] END;
CREATE MACRO bq_step(s) AS CASE WHEN s = 0 THEN bq_fail('Sequence step cannot be 0.') ELSE s END;
CREATE MACRO bq_generate_array(a, b, s) AS list_transform(range(CAST(greatest(floor((b - a) / bq_step(s)), -1) AS BIGINT) + 1), lambda i: a + i * s);
CREATE MACRO bq_range_bucket(x, a) AS CASE WHEN x IS NULL THEN NULL WHEN len(list_filter(a, lambda e: e IS NULL)) > 0 THEN bq_fail('Elements in input array to RANGE_BUCKET cannot be NULL') ELSE len(list_filter(a, lambda e: e <= x)) END;
CREATE MACRO bq_array_to_string(a, sep) AS array_to_string(list_filter(a, lambda x: x IS NOT NULL), sep);
CREATE MACRO bq_array_to_string_null(a, sep, if_null) AS array_to_string(list_transform(a, lambda x: coalesce(x, if_null)), sep);
CREATE MACRO bq_approx_top_count(x, n) AS list_transform(list_sort(list_concat(list_transform(map_entries(histogram(x)), lambda e: struct_pack(c := e.value, v := e.key)), CASE WHEN count(*) > count(x) THEN [struct_pack(c := CAST(count(*) - count(x) AS UBIGINT), v := NULL)] ELSE [] END), 'DESC', 'NULLS LAST')[:n], lambda e: struct_pack("value" := e.v, "count" := CAST(e.c AS BIGINT)));
CREATE MACRO bq_big_top_count(x, n) AS list_transform(bq_approx_top_count(CAST(x AS VARCHAR), n), lambda e: struct_pack("value" := CAST(e."value" AS BIGNUM), "count" := e."count"));
CREATE MACRO bq_weighed(pairs) AS list_transform(list_distinct(list_transform(pairs, lambda e: struct_pack(v := e.v))), lambda d: list_transform([list_sum(list_transform(list_filter(pairs, lambda e: e.v IS NOT DISTINCT FROM d.v), lambda e: e.w))], lambda s: struct_pack(known := s IS NOT NULL, s := s, v := d.v))[1]);
CREATE MACRO bq_approx_top_sum(x, w, n) AS list_transform(list_sort(bq_weighed(list(struct_pack(v := x, w := w))), 'DESC', 'NULLS LAST')[:n], lambda e: struct_pack("value" := e.v, "sum" := CASE WHEN typeof(e.s) = 'HUGEINT' THEN CAST(e.s AS BIGINT) ELSE e.s END));
CREATE MACRO bq_in_percent(p) AS CASE WHEN p BETWEEN 0 AND 1 THEN p ELSE bq_fail('The percentile must be between 0 and 1') END;
CREATE MACRO bq_percentile_disc(a, p) AS list_sort(a, 'ASC', 'NULLS FIRST')[greatest(CAST(ceil(bq_in_percent(p) * len(a)) AS BIGINT), 1)];
CREATE MACRO bq_between(a, b, part) AS CASE WHEN a IS NULL OR part = 0 THEN CASE WHEN part = 0 THEN a ELSE b END ELSE a + (b - a) * part END;
CREATE MACRO bq_percentile_cont(a, p) AS list_transform([struct_pack(a := list_sort(a, 'ASC', 'NULLS FIRST'), at := bq_in_percent(p) * (len(a) - 1))], lambda v: bq_between(v.a[CAST(floor(v."at") AS BIGINT) + 1], v.a[CAST(ceil(v."at") AS BIGINT) + 1], v."at" - floor(v."at")))[1];
CREATE MACRO bq_big_percentile_cont(a, p) AS CAST(bq_big_percentile(CAST(a AS VARCHAR[]), CAST(p AS VARCHAR)) AS BIGNUM);
CREATE MACRO bq_hll_text(x) AS CASE WHEN starts_with(typeof(x), 'DECIMAL') THEN rtrim(rtrim(CAST(x AS VARCHAR), '0'), '.') ELSE CAST(x AS VARCHAR) END;
CREATE MACRO bq_hll_init(x, n := 15) AS bq_hll_sketch(list(DISTINCT md5_number_lower(bq_hll_text(x))) FILTER (x IS NOT NULL), typeof(any_value(x)), CAST(n AS BIGINT));
CREATE MACRO bq_hll_merge_partial(x) AS bq_hll_merged(list(x) FILTER (x IS NOT NULL));
CREATE MACRO bq_hll_extract(x) AS coalesce(bq_hll_counted(x), 0);
CREATE MACRO bq_hll_merge(x) AS bq_hll_extract(bq_hll_merge_partial(x));
CREATE MACRO bq_distinct_quantiles(values, n) AS list_aggregate(values, 'quantile_disc', list_transform(range(n + 1), lambda i: i / n));
CREATE MACRO bq_approx_quantiles(x, n) AS quantile_disc(x, list_transform(range(n + 1), lambda i: i / n));

CREATE MACRO bq_string(x) AS CASE WHEN starts_with(typeof(x), 'TIME') THEN bq_cast_string(x) ELSE json_extract_string(to_json(x), '$') END;

CREATE MACRO bq_week_number(d, first_day) AS CAST((dayofyear(d) + 6 - (isodow(d) + 6 - first_day) % 7) // 7 AS BIGINT);
CREATE MACRO bq_iso_year_start(d, years) AS date_trunc('week', make_date(CAST(isoyear(d) AS INTEGER) + years, 1, 4));
CREATE MACRO bq_unix_seconds(t) AS CAST(floor(epoch_us(t) / 1000000) AS BIGINT);
CREATE MACRO bq_unix_millis(t) AS CAST(floor(epoch_us(t) / 1000) AS BIGINT);
CREATE MACRO bq_unix_date(d) AS CAST(date_diff('day', DATE '1970-01-01', d) AS BIGINT);
CREATE MACRO bq_timestamp_micros(n) AS make_timestamp(CAST(n AS BIGINT)) AT TIME ZONE 'UTC';
CREATE MACRO bq_timestamp_millis(n) AS make_timestamp(CAST(n AS BIGINT) * 1000) AT TIME ZONE 'UTC';
CREATE MACRO bq_timestamp_seconds(n) AS make_timestamp(CAST(n AS BIGINT) * 1000000) AT TIME ZONE 'UTC';
CREATE MACRO bq_date_from_unix_date(n) AS CAST(DATE '1970-01-01' + to_days(CAST(n AS INTEGER)) AS DATE);

CREATE MACRO bq_to_hex(b) AS lower(hex(b));
CREATE MACRO bq_sha1(x) AS unhex(sha1(x));
CREATE MACRO bq_is_inf(x) AS isinf(CAST(x AS DOUBLE));
CREATE MACRO bq_is_nan(x) AS isnan(CAST(x AS DOUBLE));

CREATE MACRO bq_start(x, p) AS CASE WHEN p = 0 OR p < -length(x) THEN 1 ELSE p END;
CREATE MACRO bq_substr_from(x, p) AS substr(x, bq_start(x, p));
CREATE MACRO bq_substr(x, p, n) AS CASE WHEN n < 0 THEN bq_fail('Third argument in SUBSTR() cannot be negative') ELSE substr(x, bq_start(x, p), n) END;
CREATE MACRO bq_found(x, sub) AS list_filter(range(1, length(x) + 1), lambda i: starts_with(substr(x, i), sub));
CREATE MACRO bq_instr(x, sub, p, n) AS CASE WHEN p = 0 OR n < 1 THEN bq_fail('INSTR takes a position other than 0 and an occurrence of at least 1') WHEN x IS NULL OR sub IS NULL OR p IS NULL OR n IS NULL THEN NULL WHEN p > 0 THEN coalesce(list_filter(bq_found(x, sub), lambda i: i >= p)[n], 0) ELSE coalesce(list_reverse(list_filter(bq_found(x, sub), lambda i: i <= length(x) + 1 + p))[n], 0) END;
CREATE MACRO bq_in_array(x, a) AS CASE WHEN a IS NULL OR len(a) = 0 THEN FALSE WHEN x IS NULL THEN NULL WHEN list_contains(a, x) THEN TRUE WHEN len(list_filter(a, lambda e: e IS NULL)) > 0 THEN NULL ELSE FALSE END;
CREATE MACRO bq_array_slice(a, s, e) AS CASE WHEN a IS NULL OR s IS NULL OR e IS NULL THEN NULL ELSE list_slice(a, CASE WHEN s < 0 THEN greatest(s + len(a) + 1, 1) ELSE s + 1 END, greatest(CASE WHEN e < 0 THEN e + len(a) + 1 ELSE e + 1 END, 0)) END;
CREATE MACRO bq_at_most(n, most) AS CASE WHEN n IS NULL OR most IS NULL THEN NULL WHEN most < 0 THEN bq_fail('EDIT_DISTANCE: max_distance must not be negative') ELSE least(n, most) END;

CREATE MACRO bq_zone(z) AS CASE WHEN regexp_full_match(z, '[+-][0-9]{1,2}(:[0-9]{2})?') THEN 'GMT' || z ELSE z END;
CREATE MACRO bq_format_date(f, d) AS bq_format_moment('DATE', f, epoch_us(CAST(d AS TIMESTAMP)), 0);
CREATE MACRO bq_format_datetime(f, d) AS bq_format_moment('DATETIME', f, epoch_us(d), 0);
CREATE MACRO bq_format_time(f, t) AS bq_format_moment('TIME', f, epoch_us(DATE '1970-01-01' + t), 0);
CREATE MACRO bq_format_timestamp(f, t, zone) AS bq_format_moment('TIMESTAMP', f, epoch_us(t AT TIME ZONE zone), (epoch_us(t AT TIME ZONE zone) - epoch_us(t)) // 1000000);
CREATE MACRO bq_cast_date_as_text(f, d) AS bq_format_cast('DATE', f, epoch_us(CAST(d AS TIMESTAMP)), 0);
CREATE MACRO bq_cast_datetime_as_text(f, d) AS bq_format_cast('DATETIME', f, epoch_us(d), 0);
CREATE MACRO bq_cast_time_as_text(f, t) AS bq_format_cast('TIME', f, epoch_us(DATE '1970-01-01' + t), 0);
CREATE MACRO bq_cast_timestamp_as_text(f, t, zone) AS bq_format_cast('TIMESTAMP', f, epoch_us(t AT TIME ZONE zone), (epoch_us(t AT TIME ZONE zone) - epoch_us(t)) // 1000000);
CREATE MACRO bq_parse_cast_now(kind, f, s, zone) AS bq_parse_cast(kind, f, s, zone, epoch_us(current_timestamp));
CREATE MACRO bq_string_of_timestamp(t, zone) AS bq_thousandths(CAST(t AT TIME ZONE zone AS VARCHAR)) || regexp_replace(bq_format_timestamp('%Ez', t, zone), ':00$', '');
CREATE MACRO bq_datetime(x, y) AS CASE WHEN typeof(y) = 'TIME' THEN CAST(x AS DATE) + CAST(CAST(y AS VARCHAR) AS TIME) ELSE CAST(x AS TIMESTAMP WITH TIME ZONE) AT TIME ZONE bq_zone(CAST(y AS VARCHAR)) END;

CREATE MACRO bq_regexp_extract(x, r, g, p, n) AS CASE WHEN p < 1 OR n < 1 THEN bq_fail('REGEXP_EXTRACT takes a position and an occurrence of at least 1') ELSE regexp_extract_all(substr(x, p), r, g)[n] END;
CREATE MACRO bq_before_match(x, r, n) AS regexp_extract(x, '^((?s:.*?)(?:(?:' || r || ')(?s:.*?)){' || (n - 1) || '})(?:' || r || ')', 1);
CREATE MACRO bq_place_in(x, r) AS CASE WHEN regexp_matches(x, r) THEN length(regexp_extract(x, r, 1)) ELSE bq_fail('The position of the group in a regular expression is not emulated') END;
CREATE MACRO bq_regexp_instr(x, r, p, n, after) AS CASE WHEN p < 1 OR n < 1 OR after NOT IN (0, 1) THEN bq_fail('REGEXP_INSTR takes a position and an occurrence of at least 1, and 0 or 1 as occurrence_position') WHEN r = '' OR p > length(x) OR len(regexp_extract_all(substr(x, p), r)) < n THEN 0 ELSE p + length(bq_before_match(substr(x, p), r, n)) + bq_place_in(regexp_extract_all(substr(x, p), r)[n], bq_place_pattern(r, after)) END;
CREATE MACRO bq_matches(x, a) AS list_transform(a, lambda e: x LIKE e ESCAPE '\');
CREATE MACRO bq_like_any(x, a) AS bq_in_array(TRUE, bq_matches(x, a));
CREATE MACRO bq_like_all(x, a) AS NOT bq_in_array(FALSE, bq_matches(x, a));
CREATE MACRO bq_not_like_any(x, a) AS bq_in_array(FALSE, bq_matches(x, a));
CREATE MACRO bq_not_like_all(x, a) AS NOT bq_in_array(TRUE, bq_matches(x, a));

CREATE MACRO bq_byte_length(x) AS octet_length(CASE WHEN typeof(x) = 'BLOB' THEN CAST(x AS BLOB) ELSE encode(CAST(x AS VARCHAR)) END);
CREATE MACRO bq_each_bytes(a) AS list_transform(a, lambda e: bq_bytes(e));
CREATE MACRO bq_each_characters(a) AS list_transform(a, lambda e: bq_characters(e));
CREATE MACRO bq_nullifzero(x) AS nullif(x, 0);
CREATE MACRO bq_zeroifnull(x) AS coalesce(x, 0);
