"""What an operation did, line by line: kept with the work, written to objects at its end.

Lines lie in a table until then, so that a crash between work and object loses none.
"""

import sqlite3
from collections.abc import AsyncIterator, Mapping

from emulator.context import Job
from emulator.services.healthcare.service import SERVICE
from emulator.services.healthcare.transfer import to_storage as shared
from emulator.services.healthcare.transfer.to_storage import File, Made, Step
from emulator.services.storage.uris import GsUri
from emulator.state.blob_files import Blob

_AT_ONCE = 1000
SERVICE.schema += """
CREATE TABLE IF NOT EXISTS healthcare_results(
    number INTEGER PRIMARY KEY, operation TEXT NOT NULL, file TEXT NOT NULL, line TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS healthcare_results_file ON healthcare_results(operation, file, number);
"""


def add(tx: sqlite3.Connection, job: Job, file: str, line: str) -> None:
    """Keep a line of one of the job's files."""
    sql = "INSERT INTO healthcare_results(operation, file, line) VALUES(?,?,?)"
    tx.execute(sql, (job.operation.name, file, line))


def files(job: Job) -> list[str]:
    """The files that have lines, sorted."""
    sql = "SELECT DISTINCT file FROM healthcare_results WHERE operation = ? ORDER BY file"
    return [row[0] for row in job.context.db.all(sql, (job.operation.name,))]


async def write(job: Job, folder: GsUri, names: Mapping[str, str], log_entry: str) -> None:
    """Write files to the objects of these names in a folder, empty ones too, and forget their lines.

    `log_entry` is the last word of the type of log entries. 403 and 400 in Google's words where the agent may not
    write.
    """
    whole = {file: folder.name + name for file, name in names.items()}
    if whole:
        await shared.write(job, folder, whole.values(), _steps(job, whole), log_entry)
    await forget(job)


async def forget(job: Job) -> None:
    """Forget all lines of a job."""
    sql = "DELETE FROM healthcare_results WHERE operation = ?"
    await job.context.db.write(lambda tx: tx.execute(sql, (job.operation.name,)))


async def _steps(job: Job, names: Mapping[str, str]) -> AsyncIterator[Step]:
    for file, name in names.items():
        made = [File(name, await _object(job, file), "text/plain")]
        yield Step([Made(name, made, units=0)], job.checkpoint)


async def _object(job: Job, file: str) -> Blob:
    sql = (
        "SELECT number, line FROM healthcare_results WHERE operation = ? AND file = ? AND number > ?"
        " ORDER BY number LIMIT ?"
    )
    after = 0
    async with job.context.blobs.writer() as writer:
        while rows := job.context.db.all(sql, (job.operation.name, file, after, _AT_ONCE)):
            await writer.write("".join(f"{row[1]}\n" for row in rows).encode())
            after = rows[-1][0]
        return await writer.finish()
