-- An error of ours: the marks tell its words from the engine's, which no user sees. TRY refuses the engine's error(),
-- since that is volatile, but takes a cast that fails; of an element of [NULL], so that it has any type.
CREATE MACRO bq_error(words) AS error(chr(1) || words || chr(2));
CREATE MACRO bq_fail(words) AS [NULL][CAST(chr(1) || words || chr(2) AS INTEGER)];
