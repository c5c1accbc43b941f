"""Runs `airflow dags test DAG DAY` for each day that stands in a line of its input, all in one process.

Airflow takes longer to start than a DAG of short tasks to run. After each day it says `@@ DAY ended with CODE`.
"""

import sys

from airflow.__main__ import main

dag = sys.argv[1]
for line in sys.stdin:
    day = line.strip()
    sys.argv = ["airflow", "dags", "test", dag, day]
    code = 0
    try:
        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    sys.stdout.write(f"@@ {day} ended with {code}\n")
    sys.stdout.flush()
