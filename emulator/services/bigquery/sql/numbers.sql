-- BigQuery's arithmetic and mathematical functions, as macros; see macros.sql.
CREATE MACRO bq_div(a, b) AS CASE WHEN b = 0 THEN bq_fail('division by zero') ELSE a / b END;
CREATE MACRO bq_idiv(a, b) AS CASE WHEN b = 0 THEN bq_fail('division by zero') ELSE a // b END;
CREATE MACRO bq_mod(a, b) AS CASE WHEN b = 0 THEN bq_fail('division by zero') ELSE a % b END;
-- Without a sign bit that is carried along: all 64 bits move, and what leaves them is gone.
CREATE MACRO bq_shift_left(x, y) AS CASE WHEN y < 0 THEN bq_fail('Bitwise shift by a negative offset') ELSE CAST(CAST(CAST(x AS BIGINT) AS BIT) << CAST(least(y, 64) AS INTEGER) AS BIGINT) END;
CREATE MACRO bq_shift_right(x, y) AS CASE WHEN y < 0 THEN bq_fail('Bitwise shift by a negative offset') ELSE CAST(CAST(CAST(x AS BIGINT) AS BIT) >> CAST(least(y, 64) AS INTEGER) AS BIGINT) END;
CREATE MACRO bq_ieee_divide(a, b) AS CASE WHEN b <> 0 THEN a / b WHEN a = 0 OR isnan(CAST(a AS DOUBLE)) THEN CAST('NaN' AS DOUBLE) WHEN a > 0 THEN CAST('Infinity' AS DOUBLE) ELSE CAST('-Infinity' AS DOUBLE) END;

-- NUMERIC is DECIMAL(38,9): the engine divides it as DOUBLE, and multiplies without room for
-- the whole digits. So whole part and fraction are multiplied apart, and quotients are counted in units of the last digit.
CREATE MACRO bq_multiply_parts_numeric(aw, af, bw, bf) AS CAST(aw * bw AS DECIMAL(38,9)) + aw * bf + af * bw + CAST(af * bf AS DECIMAL(38,9));
CREATE MACRO bq_multiply_numeric(a, b) AS list_transform([struct_pack(a := CAST(a AS DECIMAL(38,9)), b := CAST(b AS DECIMAL(38,9)))], lambda v: bq_multiply_parts_numeric(CAST(trunc(v.a) AS DECIMAL(29,0)), CAST(v.a - trunc(v.a) AS DECIMAL(9,9)), CAST(trunc(v.b) AS DECIMAL(29,0)), CAST(v.b - trunc(v.b) AS DECIMAL(9,9))))[1];
CREATE MACRO bq_units(x) AS CAST(replace(CAST(x AS VARCHAR), '.', '') AS HUGEINT);
-- r / d, rounded to nine digits, in units of the ninth; r is less than d. Where there is no room for that, by DOUBLE.
CREATE MACRO bq_nine_digits(r, d) AS CASE WHEN d < 80000000000000000000000000000 THEN (2 * r * 1000000000 + d) // (2 * d) ELSE CAST(round(CAST(r AS DOUBLE) / CAST(d AS DOUBLE) * 1e9) AS HUGEINT) END;
CREATE MACRO bq_divide_numeric(a, b) AS list_transform([struct_pack(n := bq_units(CAST(a AS DECIMAL(38,9))), d := bq_units(CAST(b AS DECIMAL(38,9))))], lambda v: CASE WHEN v.d = 0 THEN bq_fail('division by zero') ELSE sign(v.n) * sign(v.d) * CAST(abs(v.n) // abs(v.d) * 1000000000 + bq_nine_digits(abs(v.n) % abs(v.d), abs(v.d)) AS DECIMAL(38,0)) * CAST(0.000000001 AS DECIMAL(9,9)) END)[1];
CREATE MACRO bq_whole_numeric(a, b) AS CASE WHEN b = 0 THEN bq_fail('division by zero') ELSE CAST(bq_units(CAST(a AS DECIMAL(38,9))) // bq_units(CAST(b AS DECIMAL(38,9))) AS DECIMAL(38,9)) END;

-- What a function is not defined for, or what leaves the range of FLOAT64 from inside it, is an error.
CREATE MACRO bq_finite(x) AS isfinite(CAST(x AS DOUBLE));
CREATE MACRO bq_in_range(x, takes_finite) AS CASE WHEN NOT isfinite(CAST(x AS DOUBLE)) AND takes_finite THEN bq_fail('double overflow') ELSE x END;
-- The same inside TRY, which does not hear of what fails in the condition of a CASE.
CREATE MACRO bq_in_range_tried(x, takes_finite) AS list_transform([CAST(x AS DOUBLE)], lambda v: bq_in_range(v, takes_finite))[1];
CREATE MACRO bq_sqrt(x) AS CASE WHEN x < 0 THEN bq_fail('Argument to SQRT cannot be negative') ELSE sqrt(x) END;
CREATE MACRO bq_ln(x) AS CASE WHEN x <= 0 THEN bq_fail('Argument to LN must be positive') ELSE ln(x) END;
CREATE MACRO bq_exp(x) AS CASE WHEN isinf(exp(x)) AND bq_finite(x) THEN bq_fail('Floating point error in function: EXP') ELSE exp(x) END;
CREATE MACRO bq_log(b, x) AS list_transform([struct_pack(b := b, x := x)], lambda v: CASE WHEN v.b IS NULL OR v.x IS NULL THEN NULL WHEN CAST(v.b AS DOUBLE) = 'Infinity' OR CAST(v.x AS DOUBLE) = '-Infinity' THEN CAST('NaN' AS DOUBLE) WHEN v.x <= 0 THEN bq_fail('Argument to LOG must be positive') WHEN v.b <= 0 OR v.b = 1 THEN bq_fail('The base of LOG must be positive and other than 1') WHEN CAST(v.x AS DOUBLE) = 'Infinity' THEN CASE WHEN v.b < 1 THEN CAST('-Infinity' AS DOUBLE) ELSE CAST('Infinity' AS DOUBLE) END ELSE log(v.b, v.x) END)[1];
CREATE MACRO bq_pow(x, y) AS list_transform([struct_pack(x := x, y := y)], lambda v: CASE WHEN v.x = 0 AND v.y < 0 AND bq_finite(v.y) THEN bq_fail('Division by zero in function: POW') WHEN v.x < 0 AND bq_finite(v.x) AND bq_finite(v.y) AND v.y <> trunc(v.y) THEN bq_fail('Floating point error in function: POW') WHEN isinf(pow(v.x, v.y)) AND bq_finite(v.x) AND bq_finite(v.y) THEN bq_fail('Floating point error in function: POW') ELSE pow(v.x, v.y) END)[1];
CREATE MACRO bq_acos(x) AS CASE WHEN abs(x) > 1 THEN bq_fail('Argument to ACOS must be between -1 and 1') ELSE acos(x) END;
CREATE MACRO bq_asin(x) AS CASE WHEN abs(x) > 1 THEN bq_fail('Argument to ASIN must be between -1 and 1') ELSE asin(x) END;
CREATE MACRO bq_acosh(x) AS CASE WHEN x < 1 THEN bq_fail('Argument to ACOSH must be at least 1') ELSE acosh(x) END;
CREATE MACRO bq_atanh(x) AS CASE WHEN abs(x) >= 1 THEN bq_fail('Argument to ATANH must be between -1 and 1') ELSE atanh(x) END;
CREATE MACRO bq_cosh(x) AS CASE WHEN isinf(cosh(x)) AND bq_finite(x) THEN bq_fail('Floating point overflow in function: COSH') ELSE cosh(x) END;
CREATE MACRO bq_sinh(x) AS CASE WHEN isinf(sinh(x)) AND bq_finite(x) THEN bq_fail('Floating point overflow in function: SINH') ELSE sinh(x) END;
CREATE MACRO bq_inverse(x, name) AS CASE WHEN isinf(1 / x) AND x <> 0 THEN bq_fail('Floating point error in function: ' || name) ELSE 1 / x END;
CREATE MACRO bq_cot(x) AS CASE WHEN x = 0 THEN bq_fail('Argument to COT cannot be 0') ELSE bq_inverse(tan(x), 'COT') END;
CREATE MACRO bq_coth(x) AS CASE WHEN x = 0 THEN bq_fail('Argument to COTH cannot be 0') ELSE bq_inverse(tanh(x), 'COTH') END;
CREATE MACRO bq_csc(x) AS CASE WHEN x = 0 THEN bq_fail('Argument to CSC cannot be 0') ELSE bq_inverse(sin(x), 'CSC') END;
CREATE MACRO bq_csch(x) AS CASE WHEN x = 0 THEN bq_fail('Argument to CSCH cannot be 0') ELSE bq_inverse(sinh(x), 'CSCH') END;
CREATE MACRO bq_sec(x) AS 1 / cos(x);
CREATE MACRO bq_sech(x) AS 1 / cosh(x);

-- NaN equals nothing and comes before and after nothing; to the engine it equals itself and is the greatest.
CREATE MACRO bq_eq_float(a, b) AS a = b AND (NOT isnan(CAST(a AS DOUBLE)) OR b IS NULL);
CREATE MACRO bq_ne_float(a, b) AS a <> b OR (isnan(CAST(a AS DOUBLE)) AND b IS NOT NULL);
CREATE MACRO bq_gt_float(a, b) AS a > b AND (NOT isnan(CAST(a AS DOUBLE)) OR b IS NULL);
CREATE MACRO bq_ge_float(a, b) AS a >= b AND (NOT isnan(CAST(a AS DOUBLE)) OR b IS NULL);
CREATE MACRO bq_nan_or(found, x) AS CASE WHEN found THEN CAST('NaN' AS DOUBLE) ELSE x END;
-- The engine's own is off by the last bit for cubes of whole numbers.
CREATE MACRO bq_cbrt(x) AS CASE WHEN pow(round(cbrt(x)), 3) = x THEN round(cbrt(x)) ELSE cbrt(x) END;
