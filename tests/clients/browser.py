"""A real browser without a network, driven from a test: Chromium, headless, a new profile each time.

Every name fails to resolve and every address other than 127.0.0.1 is refused, so that a page which works here
works without internet. What the page asked for, and what it complained about, can be looked at afterwards.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException, TimeoutException
from selenium.webdriver import ActionChains, Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

PROGRAMS = ("chromium", "chromedriver")
PATIENCE = 30.0
"""Seconds a page may take to get where a test wants it."""

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)

NETWORK_SCHEMES = ("http", "https", "ws", "wss")


@dataclass(frozen=True, slots=True)
class Sent:
    """A request that a page made, with the headers it set."""

    url: str
    headers: Mapping[str, str]

    @property
    def scheme(self) -> str:
        """`https`, `ws`, ..."""
        return urlsplit(self.url).scheme


class Browser:
    """One window. Everything that waits fails the test after `PATIENCE` seconds."""

    def __init__(self, driver: Chrome, folder: Path) -> None:
        self.driver = driver
        self._folder = folder
        self._sent: list[Sent] = []

    def open(self, url: str) -> None:
        """Goes to an address."""
        self.driver.get(url)

    def show(self, *, width: int = 1280, height: int = 800, dark: bool = False) -> None:
        """Sets the exact inner size, also one smaller than any window, and the reader's choice of colours."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._devtools("Emulation.setDeviceMetricsOverride", **size)
        colours = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self._devtools("Emulation.setEmulatedMedia", features=colours)

    def forget(self, url: str) -> None:
        """Makes this a new visitor at `url`: nothing stored, default size and colours, nothing asked for yet."""
        self.open("about:blank")
        self._devtools("Storage.clearDataForOrigin", origin=url, storageTypes="all")
        self.show()
        self.complaints()
        self.sent()
        self._sent = []

    def until(self, found: Callable[[], Any], wanted: str) -> Any:
        """Waits until `found` gives something true, and gives that; elements that go away meanwhile do not disturb."""
        passing = (NoSuchElementException, StaleElementReferenceException)
        try:
            return WebDriverWait(self.driver, PATIENCE, 0.05, passing).until(lambda _: found())
        except TimeoutException:
            self.screenshot("failed")
            complaints = "\n".join(self.complaints()) or "no complaint in the console"
            raise AssertionError(f"waited in vain for {wanted}; {complaints}") from None

    def element(self, css: str) -> WebElement:
        """The first visible element that `css` selects, waited for."""
        found = self.until(lambda: self.visible(css), f"an element {css}")
        assert isinstance(found, list)
        first = found[0]
        assert isinstance(first, WebElement)
        return first

    def visible(self, css: str) -> list[WebElement]:
        """The visible elements that `css` selects now."""
        return [element for element in self.driver.find_elements(By.CSS_SELECTOR, css) if element.is_displayed()]

    def click(self, css: str) -> None:
        """Clicks the first visible element that `css` selects."""
        self.element(css).click()

    def wait_text(self, css: str, text: str) -> str:
        """Waits until the element holds `text`, and gives all of its text."""
        whole = self.until(lambda: text in (whole := self.element(css).text) and whole, f"{text!r} in {css}")
        return str(whole)

    def keys(self, *keys: str, held: tuple[str, ...] = ()) -> None:
        """Types into whatever has the focus, with the keys of `held` down meanwhile."""
        actions = ActionChains(self.driver)
        for key in held:
            actions.key_down(key)
        actions.send_keys(*keys)
        for key in held:
            actions.key_up(key)
        actions.perform()

    def script(self, text: str, *arguments: object) -> Any:
        """Runs JavaScript in the page and gives what it returns."""
        return self.driver.execute_script(text, *arguments)

    def screenshot(self, name: str) -> Path:
        """Writes `name`.png into the test's folder, or into that of BROWSER_PICTURES, for people to look at."""
        folder = Path(os.environ.get("BROWSER_PICTURES") or self._folder)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name}.png"
        assert self.driver.save_screenshot(str(path))
        return path

    def complaints(self) -> list[str]:
        """What the console said since the last call: errors, failed loads, breaches of the content policy."""
        return [str(entry["message"]) for entry in self.driver.get_log("browser")]  # type: ignore[no-untyped-call]

    def sent(self) -> list[Sent]:
        """Everything the pages asked for over a network since `forget`, also in vain."""
        entries = self.driver.get_log("performance")  # type: ignore[no-untyped-call]
        events = (json.loads(entry["message"])["message"] for entry in entries)
        self._sent += [sent for event in events if (sent := _sent(event)) and sent.scheme in NETWORK_SCHEMES]
        return self._sent

    def hosts(self) -> set[str]:
        """The `host:port` of all that."""
        return {urlsplit(sent.url).netloc for sent in self.sent()}

    def _devtools(self, command: str, **arguments: object) -> None:
        self.driver.execute_cdp_cmd(command, arguments)


def _sent(event: dict[str, Any]) -> Sent | None:
    """What a DevTools event tells of a request or a socket, if it does."""
    told = event["params"]
    if event["method"] == "Network.requestWillBeSent":
        return Sent(told["request"]["url"], told["request"]["headers"])
    if event["method"] == "Network.webSocketCreated":
        return Sent(told["url"], {})
    return None


def require_browser() -> None:
    """Skips the test where a program is missing, loudly; fails it where CI=true."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if not missing:
        return
    reason = f"BROWSER NOT TESTED: no {' and no '.join(missing)} (Debian: apt-get install chromium chromium-driver)"
    if os.environ.get("CI", "").lower() in ("true", "1"):
        pytest.fail(f"{reason} (required by CI)", pytrace=False)
    pytest.skip(reason)


@contextmanager
def open_browser(folder: Path) -> Iterator[Browser]:
    """A browser window for the length of a `with`; profile, home and pictures in `folder`, which must not exist."""
    require_browser()
    home = folder / "home"
    home.mkdir(parents=True)
    options = ChromeOptions()
    options.binary_location = _program("chromium")
    for flag in (*FLAGS, f"--user-data-dir={home / 'profile'}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = Chrome(options, Service(_program("chromedriver"), env={**os.environ, "HOME": str(home)}))
    try:
        browser = Browser(driver, folder)
        browser.show()
        yield browser
    finally:
        driver.quit()


def _program(name: str) -> str:
    path = shutil.which(name)
    assert path is not None, name
    return path


__all__ = ["Browser", "Keys", "Sent", "open_browser", "require_browser"]
