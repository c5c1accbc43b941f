"""gcsfs, pandas and pyarrow on gs:// addresses: files.py BUCKET. Runs in an environment of its own.

pandas uses gcsfs, which STORAGE_EMULATOR_HOST leads, and for Parquet Arrow's own file system, which
CLOUD_STORAGE_EMULATOR_ENDPOINT does.
"""

import os
import sys

import gcsfs
import pandas as pd
import pyarrow as pa
from pyarrow import fs, parquet

BUCKET = sys.argv[1]
DATA = pd.DataFrame({"name": ["Ada", "Grace"], "born": [1815, 1906]})

files = gcsfs.GCSFileSystem(project=os.environ["GOOGLE_CLOUD_PROJECT"])
files.mkdir(BUCKET)
with files.open(f"{BUCKET}/folder/large", "wb") as file:
    file.write(bytes(6 << 20))
files.pipe(f"{BUCKET}/folder/small", b"hello")
assert files.cat(f"{BUCKET}/folder/small") == b"hello"
assert files.cat_file(f"{BUCKET}/folder/small", 1, 3) == b"el"
assert files.size(f"{BUCKET}/folder/large") == 6 << 20
assert sorted(files.ls(f"{BUCKET}/folder")) == [f"{BUCKET}/folder/large", f"{BUCKET}/folder/small"]
files.mv(f"{BUCKET}/folder/small", f"{BUCKET}/moved")
files.rm(f"{BUCKET}/folder", recursive=True)
assert not files.exists(f"{BUCKET}/folder/large")

DATA.to_csv(f"gs://{BUCKET}/people.csv", index=False)
assert pd.read_csv(f"gs://{BUCKET}/people.csv").equals(DATA)
DATA.to_parquet(f"gs://{BUCKET}/people.parquet")
assert pd.read_parquet(f"gs://{BUCKET}/people.parquet").equals(DATA)

arrow = fs.GcsFileSystem()
table = pa.Table.from_pandas(DATA)
parquet.write_table(table, f"{BUCKET}/arrow/people.parquet", filesystem=arrow)
assert parquet.read_table(f"{BUCKET}/arrow/people.parquet", filesystem=arrow).equals(table)
found = arrow.get_file_info(fs.FileSelector(f"{BUCKET}/arrow"))
assert [one.base_name for one in found] == ["people.parquet"]
arrow.create_dir(f"{BUCKET}/arrow/empty")
arrow.delete_dir(f"{BUCKET}/arrow")
assert not files.exists(f"{BUCKET}/arrow/people.parquet")
files.rm(BUCKET, recursive=True)
