"""OHIF as a person uses it: its list, its viewport, and the pixels that the viewport shows."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from selenium.common.exceptions import WebDriverException
from selenium.webdriver import ActionChains, Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from tests.browser import waiting
from tests.browser.studies import SQUARES, Picture
from tests.browser.waiting import T

# Reads the viewport's canvas: the image lies in its middle, as large as it fits, rows x columns in shape.
_READ = """
const [rows, columns, squares] = arguments;
const canvas = [...document.querySelectorAll('canvas.cornerstone-canvas')].find(c => c.clientWidth > 400);
if (!canvas) return null;
const scale = Math.min(canvas.width / columns, canvas.height / rows);
const [w, h] = [columns * scale, rows * scale];
const [x, y] = [(canvas.width - w) / 2, (canvas.height - h) / 2];
const data = canvas.getContext('2d').getImageData(x, y, w, h);
const sums = new Array(squares * squares).fill(0), counts = new Array(squares * squares).fill(0);
const shades = new Set(); let coloured = 0;
for (let j = 0; j < data.height; j++) for (let i = 0; i < data.width; i++) {
  const at = 4 * (j * data.width + i), [r, g, b] = [data.data[at], data.data[at + 1], data.data[at + 2]];
  const square = Math.floor(j * squares / data.height) * squares + Math.floor(i * squares / data.width);
  sums[square] += (r + g + b) / 3; counts[square]++; shades.add((r << 16) | (g << 8) | b);
  if (Math.max(r, g, b) - Math.min(r, g, b) > 24) coloured++;
}
return {squares: sums.map((sum, n) => sum / counts[n]), shades: shades.size, coloured};
"""


@dataclass(frozen=True)
class Painted:
    """What the viewport shows: mean brightness of 32 x 32 parts, how many shades, how many pixels with a colour."""

    squares: Picture
    shades: int
    coloured: int


class Page:
    """One browser window."""

    def __init__(self, driver: Chrome, root: str) -> None:
        self.driver = driver
        self._root = root

    def enter(self, link: str) -> "Page":
        """Follow a link, and skip the tour that a first visit would begin with."""
        self.driver.get(link)
        self.wait(lambda: self.driver.current_url == f"{self._root}/", "the link to lead to the list")
        self.driver.execute_script("localStorage.setItem('shownTours', '[\"basicViewerTour\"]')")
        return self

    def wait(self, look: Callable[[], T | None], what: str) -> T:
        """The first true value of `look`; fails after a minute without one."""
        return waiting.wait(look, what, self.text)

    def text(self) -> str:
        """What there is to read."""
        return self.driver.find_element(By.TAG_NAME, "body").text

    def row(self, text: str) -> WebElement:
        """The row of the study list that has that text."""

        def find() -> WebElement | None:
            rows = self.driver.find_elements(By.CSS_SELECTOR, "tbody tr")
            return next((row for row in rows if text in row.text), None)

        return self.wait(find, f"the list's row {text}")

    def button(self, text: str) -> WebElement:
        """The button of that name."""

        def find() -> WebElement | None:
            buttons = self.driver.find_elements(By.TAG_NAME, "button")
            return next((button for button in buttons if button.text == text and button.is_enabled()), None)

        return self.wait(find, f"the button {text}")

    def show_list(self) -> None:
        """Go to the list of studies."""
        self.driver.get(f"{self._root}/")

    @contextmanager
    def before_scripts(self, script: str) -> Iterator[None]:
        """Have each page run a script before its own."""
        added = self.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": script})
        try:
            yield
        finally:
            self.driver.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", added)

    def show_study(self, uid: str) -> None:
        """Go to a study by its address."""
        self.driver.get(f"{self._root}/viewer?StudyInstanceUIDs={uid}")

    def next_image(self) -> None:
        """Scroll on by one image, with the keyboard."""
        ActionChains(self.driver).send_keys(Keys.ARROW_DOWN).perform()

    def painted(self, rows: int, columns: int, fits: Callable[[Painted], bool]) -> Painted:
        """What the viewport shows of an image of that size, once it is as it should be; fails where it never is."""
        seen: list[Painted] = []

        def read() -> Painted | None:
            try:
                value: Any = self.driver.execute_script(_READ, rows, columns, SQUARES)
            except WebDriverException:
                return None  # the canvas has no size yet
            if value is None:
                return None
            picture = np.array(value["squares"], dtype=np.float64).reshape(SQUARES, SQUARES)
            seen[:] = [Painted(picture, value["shades"], value["coloured"])]
            return seen[0] if fits(seen[0]) else None

        try:
            return self.wait(read, "the viewport")
        except AssertionError as error:
            last = f"{seen[0].shades} shades, {seen[0].coloured} coloured" if seen else "nothing"
            raise AssertionError(f"The viewport never showed the image; last {last}. {error}") from None
