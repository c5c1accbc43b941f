import pytest

from emulator.fhir import versions


@pytest.mark.parametrize(("name", "number"), [("DSTU2", "1.0.2"), ("STU3", "3.0.1"), ("R4", "4.0.1"), ("R5", "5.0.0")])
def test_a_store_names_its_version(name: str, number: str) -> None:
    assert versions.version(name).number == number


def test_only_r5_is_strict() -> None:
    assert [each.name for each in versions.VERSIONS.values() if each.strict] == ["R5"]


def test_what_is_no_version_is_named() -> None:
    with pytest.raises(versions.UnsupportedVersionError, match=r"'4\.0\.1' is no version of FHIR"):
        versions.version("4.0.1")
