-- BIGNUMERIC, as macros: the engine holds it as BIGNUM, a whole number of units of the last digit, 1e-38, so that it
-- compares, adds and sorts by itself. Other arithmetic is that of scalars/bignumeric.py, which takes the units as text.
CREATE MACRO bq_big(units) AS CAST(units AS BIGNUM);
CREATE MACRO bq_big_least() AS CAST('-57896044618658097711785492504343953926634992332820282019728792003956564819968' AS BIGNUM);
CREATE MACRO bq_big_greatest() AS CAST('57896044618658097711785492504343953926634992332820282019728792003956564819967' AS BIGNUM);

CREATE MACRO bq_big_text(x) AS regexp_replace(regexp_replace(regexp_replace(CAST(x AS VARCHAR), '^(-?)', '\1' || repeat('0', 38)), '^(-?)0*(\d+?)(\d{38})$', '\1\2.\3'), '\.?0+$', '');
CREATE MACRO bq_big_of_int64(x) AS CAST(CAST(CAST(x AS BIGINT) AS VARCHAR) || repeat('0', 38) AS BIGNUM);
CREATE MACRO bq_big_of_numeric(x) AS CAST(replace(CAST(CAST(x AS DECIMAL(38,9)) AS VARCHAR), '.', '') || repeat('0', 29) AS BIGNUM);
CREATE MACRO bq_big_of_float64(x) AS CAST(bq_big_units_of_float(CAST(x AS DOUBLE)) AS BIGNUM);
CREATE MACRO bq_big_of_string(x) AS CAST(bq_big_units(x) AS BIGNUM);
CREATE MACRO bq_big_safe_of_float64(x) AS CAST(bq_big_safe_units_of_float(CAST(x AS DOUBLE)) AS BIGNUM);
CREATE MACRO bq_big_safe_of_string(x) AS CAST(bq_big_safe_units(x) AS BIGNUM);
-- Of a value whose type only the engine knows, a BIGNUMERIC among them.
CREATE MACRO bq_big_of(x) AS CASE WHEN typeof(x) = 'BIGNUM' THEN CAST(CAST(x AS VARCHAR) AS BIGNUM) ELSE bq_big_of_string(CAST(x AS VARCHAR)) END;
CREATE MACRO bq_big_to_float64(x) AS CAST(bq_big_text(x) AS DOUBLE);
CREATE MACRO bq_big_to_int64(x) AS bq_big_whole(CAST(x AS VARCHAR));
CREATE MACRO bq_big_to_numeric(x) AS CAST(bq_big_numeric(CAST(x AS VARCHAR)) AS DECIMAL(38,9));
CREATE MACRO bq_big_safe_to_int64(x) AS bq_big_safe_whole(CAST(x AS VARCHAR));
CREATE MACRO bq_big_safe_to_numeric(x) AS CAST(bq_big_safe_numeric(CAST(x AS VARCHAR)) AS DECIMAL(38,9));
CREATE MACRO bq_big_fit(x, p, s) AS CAST(bq_big_fitted(CAST(x AS VARCHAR), p, s) AS BIGNUM);
CREATE MACRO bq_big_safe_fit(x, p, s) AS CAST(bq_big_safe_fitted(CAST(x AS VARCHAR), p, s) AS BIGNUM);

CREATE MACRO bq_big_in_range(x) AS x >= bq_big_least() AND x <= bq_big_greatest();
CREATE MACRO bq_big_sides(a, sign, b) AS bq_fail('BIGNUMERIC overflow: ' || bq_big_text(a) || sign || bq_big_text(b));
CREATE MACRO bq_big_add(a, b) AS list_transform([struct_pack(a := a, b := b)], lambda v: CASE WHEN v.a IS NULL OR v.b IS NULL THEN NULL WHEN bq_big_in_range(v.a + v.b) THEN v.a + v.b ELSE bq_big_sides(v.a, ' + ', v.b) END)[1];
CREATE MACRO bq_big_subtract(a, b) AS list_transform([struct_pack(a := a, b := b)], lambda v: CASE WHEN v.a IS NULL OR v.b IS NULL THEN NULL WHEN bq_big_in_range(v.a - v.b) THEN v.a - v.b ELSE bq_big_sides(v.a, ' - ', v.b) END)[1];
CREATE MACRO bq_big_negate(x) AS list_transform([x], lambda v: CASE WHEN v IS NULL THEN NULL WHEN v > bq_big_least() THEN -v ELSE bq_fail('BIGNUMERIC overflow: -(' || bq_big_text(v) || ')') END)[1];
CREATE MACRO bq_big_abs(x) AS list_transform([x], lambda v: CASE WHEN v IS NULL THEN NULL WHEN v <= bq_big_least() THEN bq_fail('BIGNUMERIC overflow: ABS(' || bq_big_text(v) || ')') WHEN v < CAST('0' AS BIGNUM) THEN -v ELSE v END)[1];
CREATE MACRO bq_big_sign(x) AS list_transform([x], lambda v: CASE WHEN v IS NULL THEN NULL WHEN v < CAST('0' AS BIGNUM) THEN bq_big_of_int64(-1) WHEN v > CAST('0' AS BIGNUM) THEN bq_big_of_int64(1) ELSE v END)[1];
CREATE MACRO bq_big_sum(x) AS list_transform([x], lambda v: CASE WHEN v IS NULL THEN NULL WHEN bq_big_in_range(v) THEN v ELSE bq_fail('BIGNUMERIC overflow: SUM') END)[1];
CREATE MACRO bq_big_average(total, n) AS CASE WHEN n > 0 THEN CAST(bq_big_mean(CAST(total AS VARCHAR), n) AS BIGNUM) END;
CREATE MACRO bq_big_multiply(a, b) AS CAST(bq_big_product(CAST(a AS VARCHAR), CAST(b AS VARCHAR)) AS BIGNUM);
CREATE MACRO bq_big_divide(a, b) AS CAST(bq_big_quotient(CAST(a AS VARCHAR), CAST(b AS VARCHAR)) AS BIGNUM);
CREATE MACRO bq_big_div(a, b) AS CAST(bq_big_whole_quotient(CAST(a AS VARCHAR), CAST(b AS VARCHAR)) AS BIGNUM);
CREATE MACRO bq_big_mod(a, b) AS CAST(bq_big_remainder(CAST(a AS VARCHAR), CAST(b AS VARCHAR)) AS BIGNUM);
CREATE MACRO bq_big_pow(a, b) AS CAST(bq_big_power(CAST(a AS VARCHAR), CAST(b AS VARCHAR)) AS BIGNUM);
CREATE MACRO bq_big_log(a, b) AS CAST(bq_big_logarithm_to(CAST(a AS VARCHAR), CAST(b AS VARCHAR)) AS BIGNUM);
CREATE MACRO bq_big_ln(x) AS CAST(bq_big_logarithm(CAST(x AS VARCHAR)) AS BIGNUM);
CREATE MACRO bq_big_exp(x) AS CAST(bq_big_exponential(CAST(x AS VARCHAR)) AS BIGNUM);
CREATE MACRO bq_big_sqrt(x) AS CAST(bq_big_square_root(CAST(x AS VARCHAR)) AS BIGNUM);
CREATE MACRO bq_big_ceil(x) AS CAST(bq_big_ceiling(CAST(x AS VARCHAR)) AS BIGNUM);
CREATE MACRO bq_big_floor(x) AS CAST(bq_big_floored(CAST(x AS VARCHAR)) AS BIGNUM);
CREATE MACRO bq_big_round(x, n, mode) AS CAST(bq_big_rounded(CAST(x AS VARCHAR), CAST(n AS BIGINT), mode) AS BIGNUM);
CREATE MACRO bq_big_trunc(x, n) AS CAST(bq_big_truncated(CAST(x AS VARCHAR), CAST(n AS BIGINT)) AS BIGNUM);
CREATE MACRO bq_big_generate_array(a, b, s) AS CAST(bq_big_series(CAST(a AS VARCHAR), CAST(b AS VARCHAR), CAST(s AS VARCHAR)) AS BIGNUM[]);
