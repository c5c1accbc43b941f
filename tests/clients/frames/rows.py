"""google-cloud-bigquery beside google-cloud-bigquery-storage, rows by either, and pandas-gbq: led to the emulator."""

import os

import grpc
import pandas as pd
import pandas_gbq
from google.auth.transport.grpc import secure_authorized_channel
from google.auth.transport.requests import Request
from google.cloud import bigquery, bigquery_storage
from google.cloud.bigquery_storage_v1.services.big_query_read.transports import BigQueryReadGrpcTransport
from google.oauth2.credentials import Credentials

credentials = Credentials(os.environ["GOOGLE_OAUTH_ACCESS_TOKEN"])
client = bigquery.Client(project=os.environ["GOOGLE_CLOUD_PROJECT"], credentials=credentials)
rows = client.query_and_wait("SELECT n FROM UNNEST(GENERATE_ARRAY(1, 5000)) AS n ORDER BY n")
frame = rows.to_dataframe(create_bqstorage_client=False)
assert list(frame["n"]) == list(range(1, 5001))
table = client.query("SELECT 'a' AS x").to_arrow(create_bqstorage_client=False)
assert table.to_pylist() == [{"x": "a"}]

address, local = os.environ["BIGQUERY_STORAGE_EMULATOR_HOST"], grpc.local_channel_credentials()
channel = secure_authorized_channel(credentials, Request(), address, ssl_credentials=local)
reader = bigquery_storage.BigQueryReadClient(transport=BigQueryReadGrpcTransport(channel=channel))
read = client.query("SELECT n FROM UNNEST(GENERATE_ARRAY(1, 200000)) AS n ORDER BY n").result()
frame = read.to_dataframe(bqstorage_client=reader)
assert list(frame["n"]) == list(range(1, 200_001))

DATA = pd.DataFrame({"name": ["Ada", "Grace"], "born": [1815, 1906]})
project = os.environ["GOOGLE_CLOUD_PROJECT"]
client.create_dataset("frames")
for if_exists, count in (("fail", 2), ("append", 4), ("replace", 2)):
    pandas_gbq.to_gbq(DATA, "frames.people", project, if_exists=if_exists, credentials=credentials, progress_bar=False)
    text = "SELECT * FROM frames.people ORDER BY born, name"
    given = {"credentials": credentials, "use_bqstorage_api": False, "progress_bar_type": None}
    frame = pandas_gbq.read_gbq(text, project, **given)
    assert len(frame) == count
assert frame.astype({"born": "int64"}).to_dict("records") == DATA.to_dict("records")
client.delete_dataset("frames", delete_contents=True)
