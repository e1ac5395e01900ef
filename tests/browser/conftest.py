"""The browser that pages are looked at in."""

import shutil

import pytest


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of Chromium; tests that need it skip without it."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    pytest.skip("no chromium")
