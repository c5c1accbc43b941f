"""google-cloud-bigquery beside google-cloud-bigquery-storage, which asks Google for rows unless it is told not to."""

import os

from google.cloud import bigquery
from google.oauth2.credentials import Credentials

client = bigquery.Client(
    project=os.environ["GOOGLE_CLOUD_PROJECT"], credentials=Credentials(os.environ["GOOGLE_OAUTH_ACCESS_TOKEN"])
)
rows = client.query_and_wait("SELECT n FROM UNNEST(GENERATE_ARRAY(1, 5000)) AS n ORDER BY n")
frame = rows.to_dataframe(create_bqstorage_client=False)
assert list(frame["n"]) == list(range(1, 5001))
table = client.query("SELECT 'a' AS x").to_arrow(create_bqstorage_client=False)
assert table.to_pylist() == [{"x": "a"}]
