"""axe-core, which looks for what keeps people from using a page: fetched for the tests and no part of any package."""

import tarfile
import tempfile
from functools import cache
from pathlib import Path

from selenium.webdriver import Chrome

from scripts import npm
from tests.support.emulator import ROOT

VERSION = "4.14.1"
PACKAGE = f"axe-core@{VERSION}"
INTEGRITY = "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
FILE = ROOT / ".tools" / f"axe-core-{VERSION}.js"
SERIOUS = ("serious", "critical")
_RUN = """
const [rules, done] = arguments;
const where = nodes => nodes.map(node => node.html + ' ' + node.failureSummary).join('; ');
axe.run(document, {resultTypes: ['violations'], ...(rules ? {runOnly: rules} : {})}).then(
  found => done(found.violations.map(fault => [fault.impact, fault.id, where(fault.nodes)])),
  error => done([['critical', 'axe', String(error)]]));
"""


def is_there() -> bool:
    """Whether it has been fetched."""
    return FILE.is_file()


def fetch() -> None:
    """Fetch it with npm. Raises CommandError."""
    FILE.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="axe-", dir=FILE.parent) as name:
        with tarfile.open(npm.packed(PACKAGE, INTEGRITY, Path(name))) as tar:
            tar.extract("package/axe.min.js", name, filter="data")
        (Path(name) / "package" / "axe.min.js").rename(FILE)


@cache
def _source() -> str:
    return FILE.read_text()


def faults(driver: Chrome, rules: list[str] | None = None) -> list[str]:
    """The serious faults of the page that a browser shows, by some rules or all, each with its rule and elements."""
    driver.execute_script(_source())
    found: list[list[str]] = driver.execute_async_script(_RUN, rules)
    return [f"{rule}: {where[:600]}" for impact, rule, where in found if impact in SERIOUS]
