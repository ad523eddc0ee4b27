"""Pages opened from disk, with everything noted that a page must not do."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Dialog, Page

PHONE = {"width": 360, "height": 780}


@contextmanager
def opened(browser: Browser, file: Path, **settings: Any) -> Iterator[tuple[Page, list[str]]]:
    """A page, and what it did that it must not: errors, dialogs, requests for anything but files."""
    context = browser.new_context(**settings)
    page = context.new_page()
    deeds: list[str] = []

    def refuse(dialog: Dialog) -> None:
        deeds.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    page.on("dialog", refuse)
    page.on("pageerror", lambda error: deeds.append(f"error: {error}"))
    page.on("console", lambda message: deeds.append(f"console: {message.text}"))
    page.on("popup", lambda popup: deeds.append(f"popup: {popup.url}"))
    page.on("request", lambda request: deeds.extend(strange(request.url)))
    page.goto(file.as_uri())
    yield page, deeds
    context.close()


def strange(url: str) -> list[str]:
    """What leaves the folder; the empty icon does not."""
    return [] if url.startswith("file:") or url == "data:," else [f"request: {url}"]


def open_all(page: Page) -> None:
    """Open every answer and every folded part, and wait for what is loaded then."""
    if page.locator("#answers").count():
        page.wait_for_selector(".answers details")
    for _ in range(2):  # what was opened may hold folded parts
        page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
        page.wait_for_timeout(50)
        while page.get_by_text("Loading…", exact=True).count():
            page.wait_for_timeout(50)
