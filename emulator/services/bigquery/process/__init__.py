"""The process that owns BigQuery's rows: `worker` is what runs in it, `client` is how the emulator talks to it.

DuckDB takes memory that its own limit does not count, and one statement can take all of the machine's. So it lives in
a process with a hard limit, which can be stopped without stopping the emulator.
"""
