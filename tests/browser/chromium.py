"""Headless Chromium, with a home of its own."""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from tests.support.patience import PATIENCE

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--enable-unsafe-swiftshader"),
    *("--disable-dev-shm-usage", "--window-size=1280,900"),
)
_PAINTED = "return performance.getEntriesByName('first-contentful-paint').map(entry => entry.startTime)[0]"


@contextmanager
def started(home: Path) -> Iterator[webdriver.Chrome]:
    """A browser that keeps all it keeps in a folder, and tells what it asked for and what went wrong."""
    options = webdriver.ChromeOptions()
    for flag in (*FLAGS, f"--user-data-dir={home / 'profile'}"):
        options.add_argument(flag)
    options.binary_location = _program("chromium")
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    environment = {**os.environ, "HOME": str(home), "XDG_CONFIG_HOME": str(home), "XDG_CACHE_HOME": str(home)}
    driver = webdriver.Chrome(options=options, service=Service(_program("chromedriver"), env=environment))
    driver.set_page_load_timeout(60)
    try:
        yield driver
    finally:
        driver.quit()


def first_paint(driver: webdriver.Chrome, address: str) -> float:
    """Seconds from the beginning of a navigation until there is something to see (first contentful paint)."""
    driver.get(address)
    deadline = time.monotonic() + PATIENCE
    while (painted := driver.execute_script(_PAINTED)) is None:
        assert time.monotonic() < deadline, f"{address} was not painted."
        time.sleep(0.01)
    return float(painted) / 1000


def _program(name: str) -> str:
    found = shutil.which(name)
    assert found is not None
    return found
