"""The Chromium of the browser tests: find one, or install one, or say which command does.

`python -m tests.chromium` makes sure that there is one and prints where; `find` is for the tests.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "microsoft-edge")
MAC = ("Google Chrome", "Chromium", "Microsoft Edge")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
OF_COLOURS = ("color-contrast", "link-in-text-block")
"""The rules of axe that depend on colours; all others hold in light and dark alike."""
_STILL = """() => Promise.all(document.getAnimations()
  .filter((each) => each.effect.getTiming().iterations !== Infinity)
  .map((each) => each.finished.catch(() => {})))"""
STARTS_WITHIN_S = 30
INSTALLS_WITHIN_S = 600


def find() -> Path | None:
    """Return a Chromium that starts: the one that CHROMIUM names, the system's, or Playwright's own."""
    named = os.environ.get("CHROMIUM")
    if named:
        return Path(named) if _starts(named) else None
    return next((Path(browser) for browser in _candidates() if _starts(browser)), None)


def violations(
    page: Any, *, only: Sequence[str] = (), but: Sequence[str] = (), outside: str = ""
) -> list[dict[str, Any]]:
    """Return the rules of axe that a page breaks once nothing moves: words just fading in have little contrast.

    Args:
        page: Of Playwright.
        only: The rules to look at; without any, all of them.
        but: Rules to leave out.
        outside: A selector of what is not looked at.
    """
    from axe_playwright_python.sync_playwright import Axe

    page.evaluate(_STILL)
    options: dict[str, Any] = {"resultTypes": ["violations"], "rules": {rule: {"enabled": False} for rule in but}}
    if only:
        options["runOnly"] = {"type": "rule", "values": [*only]}
    context = {"exclude": [[outside]]} if outside else None
    broken: list[dict[str, Any]] = Axe().run(page, context, options).response["violations"]
    return broken


@contextmanager
def opened(profile: Path) -> Iterator[Any]:
    """Start it without a window, with an empty profile and nothing to say to anybody, and end it behind the block."""
    from playwright.sync_api import sync_playwright

    browser = find()
    if browser is None:
        message = "no Chromium; `python -m tests.chromium` installs one or says how"
        raise RuntimeError(message)
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(profile), executable_path=str(browser), headless=True, args=list(QUIET), viewport=None
        )
        try:
            yield context
        finally:
            context.close()


def _candidates() -> Iterator[str]:
    yield from (found for name in NAMES if (found := shutil.which(name)))
    yield from (f"/Applications/{name}.app/Contents/MacOS/{name}" for name in MAC)
    yield _of_playwright()  # last: asking starts its driver, which nobody may do inside a running one


def _of_playwright() -> str:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        return playwright.chromium.executable_path


def _starts(browser: str) -> bool:
    """Say whether it runs at all: on some systems `chromium-browser` is a script that says to install another one."""
    if not Path(browser).is_file():
        return False
    try:
        done = subprocess.run([browser, "--version"], capture_output=True, timeout=STARTS_WITHIN_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _install() -> None:
    """Install the system's package where we are allowed to without asking, else Playwright's own."""
    if shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        _run("apt-get", "update", "--quiet")
        _run("apt-get", "install", "--quiet", "--yes", "--no-install-recommends", "chromium")
        if find():
            return
    _run(sys.executable, "-m", "playwright", "install", "chromium")


def _run(*command: str) -> None:
    print("$", *command, file=sys.stderr, flush=True)
    try:
        subprocess.run(command, stdout=sys.stderr, timeout=INSTALLS_WITHIN_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        print(error, file=sys.stderr)


def main() -> int:
    """Print where Chromium is; 3 if there is none and none could be installed."""
    if named := os.environ.get("CHROMIUM"):
        if not _starts(named):
            print(f"CHROMIUM is {named}, which does not start; unset it or name another one", file=sys.stderr)
            return 3
    elif find() is None:
        _install()
    browser = find()
    if browser is None:
        print(
            "The browser tests need Chromium, and none could be installed.\n"
            "Mend it with one of these, then repeat:\n"
            "  sudo apt-get install chromium        (Debian; other systems: their package of that name)\n"
            f"  {sys.executable} -m playwright install --with-deps chromium\n"
            "  export CHROMIUM=/path/to/a/chromium",
            file=sys.stderr,
        )
        return 3
    print(browser)
    return 0


if __name__ == "__main__":
    sys.exit(main())
