"""What clients of S3 do, with boto3: objects.py ADDRESS BUCKET. Runs in an environment of its own."""

import io
import os
import sys
import urllib.request
from typing import Any

import boto3
from botocore.client import Config
from botocore.exceptions import ClientError

ADDRESS, BUCKET = sys.argv[1:]
CONFIG = Config(
    signature_version="s3v4",
    s3={"addressing_style": "path"},
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)


def refusal(client: Any, key: str) -> str:
    """The code of the error that get_object answers, "" where it answers the object."""
    try:
        client.get_object(Bucket=BUCKET, Key=key)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


client = boto3.client("s3", endpoint_url=ADDRESS, region_name="auto", config=CONFIG)
client.put_object(Bucket=BUCKET, Key="a/b c+d.txt", Body=b"hello", ContentType="text/plain", Metadata={"k": "v"})
answer = client.get_object(Bucket=BUCKET, Key="a/b c+d.txt")
assert (answer["Body"].read(), answer["ContentType"], answer["Metadata"]) == (b"hello", "text/plain", {"k": "v"})
assert client.get_object(Bucket=BUCKET, Key="a/b c+d.txt", Range="bytes=1-2")["Body"].read() == b"el"
assert client.head_object(Bucket=BUCKET, Key="a/b c+d.txt")["ContentLength"] == 5
client.head_bucket(Bucket=BUCKET)
assert refusal(client, "missing") == "NoSuchKey"

large = os.urandom(17 << 20)
client.upload_fileobj(io.BytesIO(large), BUCKET, "large")
back = io.BytesIO()
client.download_fileobj(BUCKET, "large", back)
assert back.getvalue() == large

for number in range(5):
    client.put_object(Bucket=BUCKET, Key=f"list/{number}/x", Body=b"")
for name in ("list_objects", "list_objects_v2"):
    pages = client.get_paginator(name).paginate(Bucket=BUCKET, Prefix="list/", PaginationConfig={"PageSize": 2})
    assert [found["Key"] for page in pages for found in page["Contents"]] == [f"list/{n}/x" for n in range(5)], name
    pages = client.get_paginator(name).paginate(
        Bucket=BUCKET, Prefix="list/", Delimiter="/", PaginationConfig={"PageSize": 2}
    )
    found = [found["Prefix"] for page in pages for found in page.get("CommonPrefixes", [])]
    assert found == [f"list/{n}/" for n in range(5)], (name, found)

url = client.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": "a/b c+d.txt"}, ExpiresIn=60)
if ADDRESS.startswith("http:"):
    with urllib.request.urlopen(url) as answer:
        assert answer.read() == b"hello"

client.delete_object(Bucket=BUCKET, Key="a/b c+d.txt")
assert refusal(client, "a/b c+d.txt") == "NoSuchKey"
os.environ["AWS_SECRET_ACCESS_KEY"] = "x" * 40
wrong = boto3.session.Session().client("s3", endpoint_url=ADDRESS, region_name="auto", config=CONFIG)
assert refusal(wrong, "large") == "SignatureDoesNotMatch"
