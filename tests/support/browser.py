"""A headless Chromium of npm's, with the libraries and the fonts that it needs on any machine."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from optout import settings

_FOLDER = settings.ROOT / "tests/node/node_modules/.chromium"
_FONTS = """<?xml version="1.0"?>
<fontconfig><dir>{folder}/fonts</dir><dir>/usr/share/fonts</dir><cachedir>{cache}</cachedir>
<alias><family>system-ui</family><prefer><family>Open Sans</family></prefer></alias>
</fontconfig>"""


@contextmanager
def chromium(folder: Path) -> Iterator[Browser]:
    """One browser; each test opens a context of its own. The folder keeps its caches."""
    executable = _FOLDER / "chromium"
    assert executable.exists(), "Chromium is not installed: `make test` does it"
    fonts = folder / "fonts.conf"
    fonts.write_text(_FONTS.format(folder=_FOLDER, cache=folder / "fonts"))
    libraries = os.pathsep.join(
        filter(None, [str(_FOLDER / "al2023/lib"), os.environ.get("LD_LIBRARY_PATH")])
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable,
            # Its sandbox needs rights that a container seldom gives; it only opens our own page.
            args=["--no-sandbox"],
            env={**os.environ, "LD_LIBRARY_PATH": libraries, "FONTCONFIG_FILE": str(fonts)},
        )
        yield browser
        browser.close()
