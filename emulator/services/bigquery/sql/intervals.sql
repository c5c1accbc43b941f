-- INTERVAL, as macros: months, days and microseconds apart, as BigQuery counts and writes them.
-- https://cloud.google.com/bigquery/docs/reference/standard-sql/interval_functions and data-types#interval_type
CREATE MACRO bq_interval_months(i) AS datepart('year', i) * 12 + datepart('month', i);
CREATE MACRO bq_interval_days(i) AS datepart('day', i);
CREATE MACRO bq_interval_micros(i) AS datepart('hour', i) * 3600000000 + datepart('minute', i) * 60000000 + datepart('microsecond', i);
CREATE MACRO bq_interval_from(months, days, micros) AS to_months(CAST(months AS INTEGER)) + to_days(CAST(days AS INTEGER)) + to_microseconds(CAST(micros AS BIGINT));
CREATE MACRO bq_interval_of_parts(p) AS bq_interval_from(p[1], p[2], p[3]);
CREATE MACRO bq_interval_of(s) AS bq_interval_of_parts(bq_interval_parts(CAST(s AS VARCHAR)));
CREATE MACRO bq_interval_span(s, one, last) AS bq_interval_of_parts(bq_interval_span_parts(s, one, last));
CREATE MACRO bq_interval_made(y, mo, d, h, mi, s) AS bq_interval_of_parts(bq_interval_made_parts(CAST(y AS BIGINT), CAST(mo AS BIGINT), CAST(d AS BIGINT), CAST(h AS BIGINT), CAST(mi AS BIGINT), CAST(s AS BIGINT)));
CREATE MACRO bq_interval_times(i, n) AS bq_interval_of_parts(bq_interval_times_parts(bq_interval_months(i), bq_interval_days(i), bq_interval_micros(i), CAST(n AS BIGINT)));
CREATE MACRO bq_interval_divided(i, n) AS bq_interval_of_parts(bq_interval_divided_parts(bq_interval_months(i), bq_interval_days(i), bq_interval_micros(i), CAST(n AS BIGINT)));
CREATE MACRO bq_interval_fraction(f) AS CASE WHEN f = 0 THEN '' WHEN f % 1000 = 0 THEN format('.{:03d}', f // 1000) ELSE format('.{:06d}', f) END;
CREATE MACRO bq_interval_words(months, days, micros) AS CASE WHEN months < 0 THEN '-' ELSE '' END || abs(months) // 12 || '-' || abs(months) % 12 || ' ' || days || ' ' || CASE WHEN micros < 0 THEN '-' ELSE '' END || abs(micros) // 3600000000 || ':' || abs(micros) // 60000000 % 60 || ':' || abs(micros) // 1000000 % 60 || bq_interval_fraction(abs(micros) % 1000000);
CREATE MACRO bq_interval_text(i) AS bq_interval_words(bq_interval_months(i), bq_interval_days(i), bq_interval_micros(i));

CREATE MACRO bq_interval_total(i) AS CAST(bq_interval_months(i) * 30 + bq_interval_days(i) AS HUGEINT) * 86400000000 + bq_interval_micros(i);
CREATE MACRO bq_justify_hours(i) AS list_transform([CAST(bq_interval_days(i) AS HUGEINT) * 86400000000 + bq_interval_micros(i)], lambda t: bq_interval_from(bq_interval_months(i), t // 86400000000, t % 86400000000))[1];
CREATE MACRO bq_justify_days(i) AS list_transform([bq_interval_months(i) * 30 + bq_interval_days(i)], lambda t: bq_interval_from(t // 30, t % 30, bq_interval_micros(i)))[1];
CREATE MACRO bq_justify_interval(i) AS list_transform([bq_interval_total(i)], lambda t: bq_interval_from(t // 2592000000000, t % 2592000000000 // 86400000000, t % 86400000000))[1];

-- Sums over rows, and means of them.
CREATE MACRO bq_interval_sum(i) AS bq_interval_from(sum(bq_interval_months(i)), sum(bq_interval_days(i)), sum(bq_interval_micros(i)));
CREATE MACRO bq_whole_part(n, unit) AS sign(n) * (abs(n) // unit);
CREATE MACRO bq_interval_avg(i) AS bq_interval_divided(bq_interval_sum(i), nullif(count(i), 0));
CREATE MACRO bq_interval_given(x) AS CASE WHEN typeof(x) = 'INTERVAL' THEN TRY_CAST(x AS INTERVAL) ELSE bq_interval_of(x) END;
