"""gs:// URIs: read and written in one place."""

import pytest

from emulator.errors import ApiError
from emulator.services.storage.uris import GsUri


@pytest.mark.parametrize("uri", ["gs://bucket/a", "gs://my.bucket-1/a/b c/*.dcm", "gs://bucket/a\nb"])
def test_an_object_is_read_and_written_as_it_was(uri: str) -> None:
    parsed = GsUri.parse(uri, "source")
    assert (str(parsed), parsed.name) == (uri, uri.split("/", 3)[3])


@pytest.mark.parametrize(
    ("uri", "name"), [("gs://bucket", ""), ("gs://bucket/", ""), ("gs://bucket/a/b", "a/b/"), ("gs://bucket/a/", "a/")]
)
def test_the_name_of_a_folder_ends_with_a_slash(uri: str, name: str) -> None:
    assert GsUri.parse_folder(uri, "destination") == GsUri("bucket", name)


@pytest.mark.parametrize("uri", ["", "bucket/a", "s3://bucket/a", "gs://", "gs:///a", "gs://Bucket/a", "gs://b/a"])
def test_what_is_none_is_refused_with_the_name_of_the_field(uri: str) -> None:
    with pytest.raises(ApiError, match=r'^Invalid source "[^"]*": it must be gs://BUCKET/OBJECT\.$') as refused:
        GsUri.parse(uri, "source")
    assert refused.value.code == 400
    with pytest.raises(ApiError, match=r'^Invalid to "[^"]*": it must be gs://BUCKET\[/FOLDER\]\.$'):
        GsUri.parse_folder(uri, "to")


@pytest.mark.parametrize("uri", ["gs://bucket", "gs://bucket/"])
def test_a_bucket_alone_is_no_object(uri: str) -> None:
    with pytest.raises(ApiError, match="must be gs://BUCKET/OBJECT"):
        GsUri.parse(uri, "source")
