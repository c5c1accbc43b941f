-- Functions of text and bytes, as macros; see texts.py.
CREATE MACRO bq_unicode(x) AS CASE WHEN x = '' THEN 0 ELSE unicode(x) END;
CREATE MACRO bq_repeat(x, n) AS CASE WHEN n < 0 THEN bq_fail('Number of repetitions in REPEAT cannot be negative') ELSE repeat(x, n) END;
CREATE MACRO bq_bit_count_of_bytes(x) AS CAST(coalesce(list_sum(list_transform(bq_byte_values(x), lambda b: bit_count(b))), 0) AS BIGINT);
CREATE MACRO bq_left(x, n) AS CASE WHEN n < 0 THEN bq_fail('Second argument in LEFT() cannot be negative') ELSE left(x, n) END;
CREATE MACRO bq_right(x, n) AS CASE WHEN n < 0 THEN bq_fail('Second argument in RIGHT() cannot be negative') ELSE right(x, n) END;
CREATE MACRO bq_contains(x, part) AS contains(bq_normalize(x, 'NFKC', TRUE), bq_normalize(part, 'NFKC', TRUE));
-- Values of STRING(L) and BYTES(L).
CREATE MACRO bq_fit_size(x, size, most, name) AS CASE WHEN size > most THEN bq_fail(name || '(' || most || ') has maximum length ' || most || ' but got a value with length ' || size) ELSE x END;
CREATE MACRO bq_fit_string(x, most) AS bq_fit_size(x, len(x), most, 'STRING');
CREATE MACRO bq_fit_bytes(x, most) AS bq_fit_size(x, octet_length(x), most, 'BYTES');
