"""What is compiled ahead of the first start."""

from pathlib import Path

from engine import packages
from engine.layout import Layout


def test_of_the_large_package_the_services_are_compiled_that_the_program_names(tmp_path: Path) -> None:
    infra, package = tmp_path / "infra", tmp_path / "pulumi_gcp"
    infra.mkdir()
    package.mkdir()
    (infra / "storage.py").write_text("import pulumi_gcp as gcp\nbucket = gcp.storage.Bucket('b')\n")
    (package / "provider.py").touch()
    assert packages._declared(Layout(tmp_path), package) == [package / "provider.py", package / "storage"]
