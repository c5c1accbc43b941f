-- RANGE, as macros: a STRUCT of its bounds, NULL for one that is not bounded.
-- https://cloud.google.com/bigquery/docs/reference/standard-sql/range-functions
CREATE MACRO bq_range_unsafe(a, b) AS struct_pack(bq_start := a, bq_end := b);
CREATE MACRO bq_range_bound(x) AS CASE WHEN x IS NULL THEN 'UNBOUNDED' ELSE bq_cast_string(x) END;
CREATE MACRO bq_range_text(r) AS CASE WHEN r IS NOT NULL THEN '[' || bq_range_bound(r.bq_start) || ', ' || bq_range_bound(r.bq_end) || ')' END;
CREATE MACRO bq_range(a, b) AS CASE WHEN a >= b THEN bq_fail('Range start element must be smaller than range end element: [' || bq_range_bound(a) || ', ' || bq_range_bound(b) || ')') ELSE bq_range_unsafe(a, b) END;
CREATE MACRO bq_range_of_date(s) AS list_transform([bq_range_bounds(CAST(s AS VARCHAR))], lambda b: CASE WHEN b IS NOT NULL THEN bq_range(bq_cast_date(b[1]), bq_cast_date(b[2])) END)[1];
CREATE MACRO bq_range_of_datetime(s) AS list_transform([bq_range_bounds(CAST(s AS VARCHAR))], lambda b: CASE WHEN b IS NOT NULL THEN bq_range(bq_cast_datetime(b[1]), bq_cast_datetime(b[2])) END)[1];
CREATE MACRO bq_range_of_timestamp(s) AS list_transform([bq_range_bounds(CAST(s AS VARCHAR))], lambda b: CASE WHEN b IS NOT NULL THEN bq_range(bq_cast_timestamp(b[1]), bq_cast_timestamp(b[2])) END)[1];
CREATE MACRO bq_range_micros(r) AS CASE WHEN r IS NOT NULL THEN bq_range_unsafe(epoch_us(r.bq_start), epoch_us(r.bq_end)) END;
CREATE MACRO bq_range_start(r) AS list_transform([r], lambda x: x.bq_start)[1];  -- keeps the type of a NULL
CREATE MACRO bq_range_end(r) AS list_transform([r], lambda x: x.bq_end)[1];
CREATE MACRO bq_range_has(r, x) AS CASE WHEN r IS NOT NULL AND x IS NOT NULL THEN (r.bq_start IS NULL OR r.bq_start <= x) AND (r.bq_end IS NULL OR x < r.bq_end) END;
CREATE MACRO bq_range_contains(r, s) AS CASE WHEN r IS NOT NULL AND s IS NOT NULL THEN (r.bq_start IS NULL OR coalesce(r.bq_start <= s.bq_start, FALSE)) AND (r.bq_end IS NULL OR coalesce(s.bq_end <= r.bq_end, FALSE)) END;
CREATE MACRO bq_range_overlaps(r, s) AS CASE WHEN r IS NOT NULL AND s IS NOT NULL THEN coalesce(r.bq_start < s.bq_end, TRUE) AND coalesce(s.bq_start < r.bq_end, TRUE) END;
CREATE MACRO bq_range_intersect(r, s) AS CASE WHEN bq_range_overlaps(r, s) THEN bq_range_unsafe(greatest(r.bq_start, s.bq_start), least(r.bq_end, s.bq_end)) WHEN r IS NULL OR s IS NULL THEN NULL ELSE bq_fail('Provided ranges: ' || bq_range_text(r) || ' and ' || bq_range_text(s) || ' do not overlap') END;
-- By which ranges are ordered: no bound at the start comes first, none at the end last.
CREATE MACRO bq_range_key(r) AS CASE WHEN r IS NOT NULL THEN struct_pack(bound := r.bq_start IS NOT NULL, s := r.bq_start, e := r.bq_end) END;
-- From each start to the next; the last one ends with the range, and is left out where it would be cut and `whole` says so.
CREATE MACRO bq_range_starts(r, step) AS CASE WHEN r IS NULL OR step IS NULL THEN NULL WHEN r.bq_start IS NULL OR r.bq_end IS NULL THEN bq_fail('GENERATE_RANGE_ARRAY does not take an unbounded range') WHEN NOT step > to_microseconds(0) THEN bq_fail('GENERATE_RANGE_ARRAY needs a step that is positive') ELSE range(r.bq_start, r.bq_end, step) END;
CREATE MACRO bq_range_parts(r, step, starts) AS list_transform(starts, lambda s, n: struct_pack(bq_start := s, bq_end := CASE WHEN n < len(starts) THEN starts[n + 1] ELSE least(s + step, r.bq_end) END, cut := s + step > r.bq_end));
CREATE MACRO bq_range_array(r, step, last_too) AS list_transform(list_filter(bq_range_parts(r, step, bq_range_starts(r, step)), lambda p: last_too OR NOT p.cut), lambda p: bq_range_unsafe(p.bq_start, p.bq_end));
