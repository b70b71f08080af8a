"""`links` on the command line, and a laptop from end to end."""

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from optout.cli.main import main
from tests.console.test_look_up import look_up
from tests.support.browser import chromium
from tests.support.client import environment, serving

PEOPLE = ["+447700900123", "+447700900124", "+33612345678"]


@pytest.fixture(autouse=True)
def laptop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A laptop on which nothing is configured."""
    for name, value in environment(tmp_path / "optout.db").items():
        monkeypatch.setenv(name, value)


Output = pytest.CaptureFixture[str]


def links(capsys: Output, *arguments: str | Path, code: int = 0) -> list[dict[str, str]]:
    """What the command writes."""
    capsys.readouterr()
    assert main(["links", "--sender", "CONTOSO", *map(str, arguments)]) == code
    return list(csv.DictReader(io.StringIO(capsys.readouterr().out)))


# Situation, name of the file, its text, and further options.
LISTS: list[tuple[str, str, str, list[str]]] = [
    ("one a line", "a.txt", "\n".join(PEOPLE), []),
    ("as people write them", "a.txt", "+44 7700 900123\n07700 900124\n0033 612345678\n", []),
    ("as people write the first", "a.txt", "07700 900123\n07700 900124\n+33 612345678\n", []),
    ("guarded, no header", "a.csv", "".join(f"'{p};Ann\n" for p in PEOPLE), []),
    ("a column that is known", "a.csv", "name,phone\n" + "".join(f"Ann,{p}\n" for p in PEOPLE), []),
    (
        "a column that is named",
        "a.csv",
        "x;y\n" + "".join(f"1;{p}\n" for p in PEOPLE),
        ["--number", "y"],
    ),
    ("a byte order mark, and tabs", "a.csv", "\ufeffphone\t\n" + "\t\n".join(PEOPLE), []),
    ("no header", "a.csv", "".join(f"Ann,{p}\n" for p in PEOPLE), ["--no-header", "--number", "2"]),
    ("numbers first, no header", "a.csv", "".join(f"{p},Ann\n" for p in PEOPLE), []),
    ("NDJSON", "a.ndjson", "".join(json.dumps({"phone": p}) + "\n" for p in PEOPLE), []),
    ("as a spreadsheet guards them", "a.csv", "phone\n" + "".join(f"'{p}\n" for p in PEOPLE), []),
]


@pytest.mark.parametrize(("situation", "name", "text", "options"), LISTS)
def test_lists(
    tmp_path: Path,
    capsys: Output,
    situation: str,
    name: str,
    text: str,
    options: list[str],
) -> None:
    """As import reads them: a row for each recipient, in their order, with the same link each time."""
    (tmp_path / name).write_text(text, "utf-8")
    rows = links(capsys, tmp_path / name, *options)
    assert [row["recipient"] for row in rows] == PEOPLE
    assert len({row["url"] for row in rows}) == 3
    assert all(row["url"].startswith("http://localhost:7071/o/") for row in rows)
    assert links(capsys, tmp_path / name, *options) == rows


def test_standard_input_and_ndjson(capsys: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    """For a pipe; what has no link is told with its line, without its number."""
    told = io.TextIOWrapper(io.BufferedReader(io.BytesIO(b"+447700900123\nnobody 123456\n")))
    monkeypatch.setattr("sys.stdin", told)
    assert main(["links", "--sender", "contoso", "-", "--json"]) == 1
    written, problems = capsys.readouterr()
    (row,) = map(json.loads, written.splitlines())
    assert (row["recipient"], row["given"]) == (PEOPLE[0], PEOPLE[0])
    assert "line 2: not a phone number" in problems
    assert "123456" not in problems


def test_rows_without_a_link(tmp_path: Path, capsys: Output) -> None:
    """They are left out, so that nobody is texted an empty link, and told beside the list."""
    path = tmp_path / "a.csv"
    path.write_text(f"phone\n{PEOPLE[0]}\nnobody\n\n12\n{PEOPLE[2]}\n", "utf-8")
    assert [row["recipient"] for row in links(capsys, path, code=1)] == [PEOPLE[0], PEOPLE[2]]
    refused = list(csv.DictReader((tmp_path / "a.csv.refused.csv").read_text("utf-8").splitlines()))
    assert [row["line"] for row in refused] == ["3", "5"]


def test_a_file_that_is_private_and_whole(tmp_path: Path, capsys: Output) -> None:
    """Whoever has it can silence everybody in it."""
    path, output = tmp_path / "a.txt.gz", tmp_path / "links.csv"
    path.write_bytes(gzip.compress("\n".join(PEOPLE).encode()))
    links(capsys, path, "--output", output)
    assert output.stat().st_mode & 0o077 == 0
    assert len(output.read_text().splitlines()) == 4
    assert not output.with_name("links.csv.part").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--sender", "CONTOSA"], "did you mean CONTOSO?"),
        (["--sender", "é"], "sender: a sender is"),
    ],
)
def test_no_sender(tmp_path: Path, capsys: Output, arguments: list[str], says: str) -> None:
    (tmp_path / "a.txt").write_text(PEOPLE[0])
    assert main(["links", *arguments, str(tmp_path / "a.txt")]) == 2
    assert says in capsys.readouterr().err


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("browser")


def test_from_a_laptop(
    tmp_path: Path, folder: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The app is served; the command makes a link; a hundred previews change nothing; one tap in
    Chromium, and the person is out; the history shows why."""
    (tmp_path / "a.txt").write_text(PEOPLE[0])
    with serving(environment(tmp_path / "optout.db")) as served, chromium(folder) as browser:
        monkeypatch.setenv("OPTOUT_LINK_BASE", f"http://localhost:{served.port}")
        (row,) = links(capsys, tmp_path / "a.txt")
        target = row["url"].removeprefix(f"http://localhost:{served.port}")
        for _ in range(100):
            assert served.app.host.request("GET", target).status == 200
        assert served.app.history(PEOPLE[0]) == []
        page = browser.new_page(locale="en-GB")
        page.goto(row["url"])
        page.get_by_role("button").click()
        expect(page.locator(".done")).to_be_visible()
        page.goto(f"http://localhost:{served.port}/api/console#look-up")
        look_up(page, PEOPLE[0])
        expect(page.get_by_text("Tapped the link of a message from contoso")).to_be_visible()
        expect(page.get_by_text("tapped the link of a message").first).to_be_visible()
        page.close()
        assert served.app.check("CONTOSO", PEOPLE[0])["source"] == "link"
        (item,) = served.app.history(PEOPLE[0])
        shown: dict[str, Any] = {name: item[name] for name in ("kind", "sender", "rule", "effect")}
        assert shown == {
            "kind": "link", "sender": "contoso", "rule": "link:local", "effect": "opted_out",
        }  # fmt: skip
        made = served.app.post("links", {"sender": "CONTOSO", "recipients": [PEOPLE[0]]}).json()
        assert made["results"][0]["url"] == row["url"]
