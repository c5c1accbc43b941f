"""The console in headless Chromium: whether everybody can use it, and that nothing leaves it.

CONSOLE_STUDIES=5000 makes its largest store that large (120), CONSOLE_PICTURES=1 paints docs/pictures anew.
"""

import base64
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import ActionChains, Chrome, Keys
from selenium.webdriver.common.by import By

import emulator.console.pages  # noqa: F401  which registers them
from emulator.console.site import _PAGES
from tests.browser import axe
from tests.browser.conftest import requested
from tests.browser.console import BASE, Filled, Window
from tests.conftest import PROJECT
from tests.emulator.console import filling
from tests.support.emulator import ROOT, RunningEmulator

PICTURES = ROOT / "docs" / "pictures"
PAINTED = ("overview", "studies-many", "study", "resource", "operations", "audit", "sql")
WITHOUT_PAGE = {"thumbnail", "open"}
"""Addresses that show no page of their own."""


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    """An emulator of these tests' own: they set faults."""
    running = RunningEmulator(tmp_path_factory.mktemp("console") / "state", PROJECT).start()
    yield Filled(running).fill()
    running.stop()


@pytest.fixture(scope="module")
def window(filled: Filled, driver: Chrome) -> Window:
    """A browser that has followed a link."""
    return Window(driver, filled.emulator.base_url).enter(filled.made("/_emulator/console")["path"])


def test_no_page_has_a_serious_fault_in_light_or_dark(window: Window, filled: Filled) -> None:
    shown = {address.partition("?")[0] for address in filled.pages.values()}
    assert {path for http, path in _PAGES if http == "GET"} - WITHOUT_PAGE <= shown, "every page is looked at"
    found = {}
    for name, address in filled.pages.items():
        window.show(address)
        for scheme, rules in (("light", None), ("dark", ["color-contrast"])):
            window.prefer(scheme)
            found[name, scheme] = axe.faults(window.driver, rules)
    assert {where: faults for where, faults in found.items() if faults} == {}


def test_axe_finds_what_it_is_there_for(window: Window) -> None:
    """Else the test before would say nothing."""
    window.show("")
    window.driver.execute_script("document.querySelector('main').append(document.createElement('input'))")
    assert any(fault.startswith("label:") for fault in axe.faults(window.driver))


def test_pages_fit_a_narrow_window(window: Window, filled: Filled) -> None:
    """WCAG 2.2, 1.4.10: no scrolling sideways at 400 pixels, but within a table that is wider."""
    size = window.driver.get_window_size()
    window.driver.set_window_size(400, size["height"])
    overflowing = "const page = document.documentElement; return page.scrollWidth > page.clientWidth"
    found = []
    for name, address in filled.pages.items():
        window.show(address)
        found += [name] if window.driver.execute_script(overflowing) else []
    window.driver.set_window_size(size["width"], size["height"])
    assert found == []


def test_the_keyboard_reaches_the_content_first(window: Window) -> None:
    window.show("")
    ActionChains(window.driver).send_keys(Keys.TAB).perform()
    assert window.driver.switch_to.active_element.text == "To the content"
    ActionChains(window.driver).send_keys(Keys.ENTER).perform()
    assert window.driver.switch_to.active_element.tag_name == "main"
    ActionChains(window.driver).send_keys(Keys.TAB).perform()
    assert window.driver.switch_to.active_element.get_attribute("id") == "field-name"


def test_a_study_has_its_picture_and_opens_in_ohif(window: Window, filled: Filled) -> None:
    window.show(filled.pages["studies-one"])
    picture = window.driver.find_element(By.CSS_SELECTOR, "img.thumbnail")
    window.wait(lambda: picture.get_property("naturalWidth"), "the picture")
    window.press("View")
    uid = filled.pages["study"].rpartition("=")[2]
    window.wait(lambda: f"/viewer?StudyInstanceUIDs={uid}" in window.driver.current_url, "OHIF's address")


def test_pages_of_studies_are_turned(window: Window, filled: Filled) -> None:
    """The first ones; tests/emulator/console turns all."""
    window.show(filled.pages["studies-many"])
    for first in (1, 51, 101):
        window.wait_for(f"{first:,} to ")
        rows = window.driver.find_elements(By.CSS_SELECTOR, "tbody tr")
        assert len(rows) == min(50, filling.MANY - first + 1)
        onward = window.driver.find_elements(By.LINK_TEXT, "Next")
        assert bool(onward) == (first + 50 <= filling.MANY)
        if onward:
            onward[0].click()


def test_messages_come_by_themselves_until_they_are_paused(window: Window, filled: Filled) -> None:
    window.show(filled.pages["topic"])
    window.press("Watch")
    window.wait_for("No message yet.")
    topic = filled.pages["topic"].rpartition("=")[2]
    filling.publish(filled, topic, "news of the day")
    window.wait_for("news of the day")
    pause = window.driver.find_element(By.CSS_SELECTOR, "[data-pause]")
    pause.click()
    assert pause.get_attribute("aria-pressed") == "true"
    assert window.driver.find_element(By.CSS_SELECTOR, "[data-said]").text == "Paused."


def test_a_button_keeps_the_focus_while_its_list_renews_itself(window: Window, filled: Filled) -> None:
    filled.made("/_emulator/operations", {"mode": "manual"})
    operation = filled.held()
    window.show("operations")
    button = window.driver.find_element(By.ID, f"cancel-{operation}")
    window.driver.execute_script("arguments[0].focus()", button)
    filled.held()
    window.wait_for("2 going on.")
    assert window.driver.switch_to.active_element.get_attribute("id") == f"cancel-{operation}"
    ActionChains(window.driver).send_keys(Keys.ENTER).perform()
    window.wait_for("The operation was cancelled.")


def test_a_query_is_typed_and_drawn(window: Window) -> None:
    window.show("sql")
    box = window.driver.find_element(By.ID, "field-query")
    box.send_keys("SELECT 'a' AS name, 1 AS number UNION ALL SELECT 'b', 2")
    window.press("Run")
    window.wait(lambda: window.driver.find_elements(By.CSS_SELECTOR, "svg.chart .bar"), "the chart")


def test_nothing_left_the_emulator_and_no_policy_was_broken(window: Window, filled: Filled) -> None:
    """What the browser asked for while the tests above looked at all pages."""
    for address in filled.pages.values():
        window.show(address)
    own = (filled.emulator.base_url, "data:", "chrome", "blob:")
    assert [address for address in requested(window.driver) if not address.startswith(own)] == []
    complaints = [str(entry["message"]) for entry in window.driver.get_log("browser")]  # type: ignore[no-untyped-call]
    assert [said for said in complaints if "Content Security Policy" in said and BASE in said] == []


@pytest.mark.skipif(not os.environ.get("CONSOLE_PICTURES"), reason="pictures are painted with CONSOLE_PICTURES=1")
def test_the_pictures_of_the_documentation_are_painted(window: Window, filled: Filled) -> None:
    window.prefer("light")
    for name in PAINTED:
        _paint(window, filled.pages[name], PICTURES / f"console-{name}.png")
    window.prefer("dark")
    _paint(window, filled.pages["overview"], PICTURES / "console-dark.png")


def _paint(window: Window, address: str, path: Path) -> None:
    """Write a picture of a page, with no more than 64 colours, which is a quarter of the size."""
    from io import BytesIO

    from PIL import Image

    window.show(address)
    images = "return [...document.images].slice(0, 8).every(image => image.complete)"
    window.wait(lambda: window.driver.execute_script(images), "the pictures of the page")
    shot = window.driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})["data"]
    path.parent.mkdir(exist_ok=True)
    Image.open(BytesIO(base64.b64decode(shot))).convert("RGB").quantize(64).save(path, optimize=True)
