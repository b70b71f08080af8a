"""The examples of the README, as they stand there."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .support import App

README = Path(__file__).resolve().parents[1] / "README.md"
EXAMPLES = re.findall(r"^```python\n(.*?)^```", README.read_text("utf-8"), re.MULTILINE | re.DOTALL)
SAYS = [
    ["+14255550123 not sent: opted_out, opted out since", "+14255550124 sent"],
    ["+447700900123 sent", "+447700900123 http://localhost:"],
    ["+14255550123 opted out since", "+14255550124 may be texted"],
    ["opted out since"],
    [],
]


@pytest.mark.parametrize(("example", "says"), list(zip(EXAMPLES, SAYS, strict=True)), ids=range(len(SAYS)))
def test_an_example(own_app: App, acs: Any, tmp_path: Path, example: str, says: list[str]) -> None:
    """Each runs by itself, and says what it should of somebody who said STOP."""
    own_app.text("+14255550123", "STOP")
    where = {
        "OPTOUT_ENDPOINT": own_app.endpoint,
        "OPTOUT_KEY": "none is asked for here",
        "ACS_ENDPOINT": acs.endpoint,
        "ACS_KEY": acs.key,
    }
    done = subprocess.run(
        [sys.executable, "-c", example],
        cwd=tmp_path,
        env={**os.environ, **where},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == len(says)
    assert all(line.startswith(said) for line, said in zip(lines, says, strict=True)), lines
