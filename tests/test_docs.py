"""What the documents say is so: their examples run, and nothing is left out."""

import json
import re
import subprocess
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from optout import settings
from optout.domain import enums
from optout.http import table
from optout.http.operation import Role
from optout.language import rules
from tests.support.client import environment, serving

README = (settings.ROOT / "README.md").read_text("utf-8")
RULES = (settings.ROOT / "docs/rules.md").read_text("utf-8")
WORDS = RULES + (settings.ROOT / "docs/countries.md").read_text("utf-8")
API = (settings.ROOT / "docs/api.md").read_text("utf-8")


def blocks(document: str) -> list[tuple[str, str]]:
    """The fenced blocks of a document: language and text."""
    return re.findall(r"```(\w+)\n(.*?)```", document, flags=re.DOTALL)


def examples(document: str) -> list[tuple[str, str | None]]:
    """Each curl command, with the output that the document shows below it, if any."""
    found = blocks(document)
    following = [*found[1:], ("", "")]
    return [
        (text, output if kind in ("json", "text") else None)
        for (language, text), (kind, output) in zip(found, following, strict=True)
        if language == "sh" and text.startswith("curl")
    ]


def without_moments(value: object) -> object:
    """An answer without what differs each time: ids and times are a word in the document."""
    if isinstance(value, dict):
        blank = {"id", "at", "received_at", "sent_at", "since"}
        return {
            name: "…" if name in blank and item is not None else without_moments(item)
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [without_moments(item) for item in value]
    return value


@pytest.mark.parametrize("document", ["README.md", "docs/api.md"])
def test_the_examples_run(document: str, tmp_path: Path) -> None:
    """Every curl command, in order, answers what the document shows."""
    commands = examples((settings.ROOT / document).read_text("utf-8"))
    assert commands
    with serving(environment(tmp_path / "optout.db")) as served:
        for command, expected in commands:
            answer = subprocess.run(
                ["bash", "-c", command.replace("localhost:7071", f"127.0.0.1:{served.port}")],
                capture_output=True,
                text=True,
                check=True,
            ).stdout
            if expected is None:
                assert "detail" not in json.loads(answer)
            elif expected.startswith("{"):
                assert without_moments(json.loads(answer)) == json.loads(expected)
            else:
                assert answer == expected


def test_the_python_examples_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The Python of docs/api.md, block after block, against a host with an event in quarantine."""
    code = "\n".join(text for language, text in blocks(API) if language == "python")
    with serving(environment(tmp_path / "optout.db")) as served:
        host = f"http://127.0.0.1:{served.port}"
        url = f"{host}/runtime/webhooks/EventGrid?functionName=sms_events"
        events = Request(url, data=b"[5]", headers={"aeg-event-type": "Notification"})
        assert urlopen(events).status == 202
        names: dict[str, Any] = {}
        exec(code.replace("http://localhost:7071", host), names)
    assert names["may_send"] == ["+14255550123"]
    assert names["to_text"] == ["+14255550123", "+14255550124"]
    assert names["answer"]["effect"] == "opted_in"
    assert len(names["held"]) == 1
    assert capsys.readouterr().out == "False None\nquarantined\n"


def says(document: str, words: str) -> bool:
    """Whether these words are there, and not only as a part of longer ones."""
    return re.search(rf"(?<![\w/-]){re.escape(words)}(?![\w/-])", document) is not None


def test_only_whole_words_count() -> None:
    """What stands inside of another word, or begins a longer route, is not said."""
    assert says("STOP, END", "STOP")
    assert not says("NONSTOP, STOPP", "STOP")
    assert not says("GET /api/suppressions/check", "GET /api/suppressions")


def test_every_rule_is_documented() -> None:
    """Each row of the rules and each of its words is in docs/rules.md."""
    for row in rules.sender_kinds().values():
        assert f"`{row.id}`" in WORDS
        for entry in row.keyword:
            for word in entry.words:
                assert says(WORDS, word), word


@pytest.mark.parametrize(
    ("fails", "waits"),
    [
        ([503], [5]),
        ([500, 503, 429], [0, 5, 0]),
        ([OSError], [0]),
        ([503, 503, 503, 503], None),
        ([OSError, OSError, OSError, OSError], None),
        ([401], None),
        ([404], None),
    ],
)
def test_the_client_of_the_document(
    fails: list[Any], waits: list[float] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It repeats what may pass, waits at least as long as it is told, and never takes an error for a
    yes."""
    (code,) = (text for _, text in blocks(API) if "def may_be_texted" in text)
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)
    left = iter(fails)

    def ask(*asked: object) -> dict[str, object]:
        failure = next(left, None)
        if failure is OSError:
            raise OSError("away")
        if failure:
            headers = Message()
            headers["Retry-After"] = "5" if failure == 503 else ""
            raise HTTPError("", failure, "", headers, None)
        return {"results": [{"index": 1}]}

    names: dict[str, Any] = {"ask": ask}
    defined = code[: code.index("\n\nto_text")]
    exec(defined, names)
    people = ["+14255550123", "+14255550124"]
    if waits is None:
        with pytest.raises(OSError, match=r"HTTP Error|away"):
            names["may_be_texted"]("12345", people)
    else:
        assert names["may_be_texted"]("12345", people) == people[:1]
        assert len(waited) == len(waits)
        for took, least, attempt in zip(waited, waits, (1, 2, 3), strict=False):
            assert least <= took <= least + 2**attempt


def test_every_route_is_documented() -> None:
    """Each HTTP function's route is in docs/api.md."""
    for operation in (*table.OPERATIONS, *table.FILES):
        assert says(API, f"{operation.method} /{operation.route}"), operation.name
    for page in table.PAGES:
        assert says(API, f"GET /{page.route}, POST /{page.route}"), page.name


def test_a_support_key_opens_the_console() -> None:
    """Every function that docs/console.md says the page asks is in the role."""
    opened = {each.name for each in table.functions() if Role.SUPPORT in each.roles}
    text = (settings.ROOT / "docs/console.md").read_text("utf-8")
    parts = re.findall(r"^\| [a-z ,]+ \| (`.*`) \|$", text, flags=re.MULTILINE)
    assert len(parts) == 6
    assert set(re.findall(r"`(\w+)`", " ".join(parts))) <= opened


def test_every_reply_status_is_documented() -> None:
    """Each status that a history can show is explained."""
    for status in enums.ReplyStatus:
        assert f"`{status}`" in RULES


def test_the_readme_stays_within_reach() -> None:
    """What it is, run it, see it work, use it, deploy it, how it is made: in this order."""
    headings = re.findall(r"^#+ (.*)$", README, flags=re.MULTILINE)
    assert headings == ["optout", "Run it", "See it work", "Use it", "Deploy it", "How it is made"]


def test_links_lead_somewhere() -> None:
    """Every relative link of every document names a file that exists."""
    for document in (*settings.ROOT.glob("*.md"), *settings.ROOT.glob("docs/*.md")):
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text("utf-8")):
            if not target.startswith("http"):
                assert (document.parent / target).exists(), f"{document.name}: {target}"
