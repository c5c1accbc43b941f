import pytest

from emulator.fhir.validation.urls import is_url

# What Go's net/url, which Google's parser uses, says of these.
TAKEN = ["", "a b", "/a:b", "a/b:c", "?a:b", "a?b:c", "urn:uuid:x", "mailto:a@b", "http://[::1]:80/", "http://é/"]
TAKEN += ["http://h/é b", "http://h:/", "http://u:p@h/", "#a b", "urn:oid:1.2", "http://h/a|1.0", "//h/a", "a%20b"]
REFUSED = ["%zz", "http://h/%zz", "#%zz", "::", ":a", "1a:b", "http://x|1.0", "http://a b/", "//a b", "http://[::1"]
REFUSED += ["http://h:x/", "http://h:80:90x/", "a\u007fb", "a\nb", 'http://a"b/', "http://a<b/", "http://u%zz@h/"]


@pytest.mark.parametrize("text", TAKEN)
def test_a_url_is_taken(text: str) -> None:
    assert is_url(text)


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_url_is_refused(text: str) -> None:
    assert not is_url(text)
