-- The time: the machine's, or the one that the emulator's clock was set to.
CREATE OR REPLACE MACRO bq_now() AS coalesce(getvariable('bq_now'), now());
