"""Which answers are compressed, for whom, and that they are the same: on both hosts."""

import gzip
import json
from collections.abc import Iterator

import pytest

from optout.http import compression, table
from optout.http.compression import takes_gzip
from optout.settings import ROOT
from tests.support.client import Answer, App, environment
from tests.support.functions_runtime import FunctionsRuntime
from tests.support.payloads import sms_event

CHECK = "suppressions/check"
MANY = [f"+1425555{number:04}" for number in range(200)]


@pytest.mark.parametrize(
    ("accepted", "taken"),
    [
        ("gzip", True),
        ("GZip", True),
        ("x-gzip", True),
        ("gzip, deflate, br, zstd", True),
        ("br;q=1.0, gzip;q=0.8, *;q=0.1", True),
        ("gzip;q=0.001", True),
        ("gzip ; q=1", True),
        ("gzip;Q=0.5", True),
        ("*", True),
        ("*;q=0.1", True),
        ("gzip, identity", True),
        ("identity;q=0, gzip", True),
        ("", False),
        (",", False),
        ("identity", False),
        ("deflate, br", False),
        ("gzip;q=0", False),
        ("gzip;q=0.0", False),
        ("gzip;q=0.000", False),
        ("gzip;q=0, *", False),
        ("*;q=0", False),
        ("*;q=0, identity", False),
        ("gzip;q=0.2, identity;q=0.5", False),
        ("identity, gzip;q=0.5", False),
        ("gzip;q=2", False),
        ("gzip;q=-1", False),
        ("gzip;q=0.0001", False),
        ("gzip;q=", False),
        ("gzip;q=nan", False),
        ("gzip;level=1", False),
        ("gzipped", False),
        ("g zip", False),
        ("gzip;q=1;q=0", False),
    ],
)
def test_who_takes_gzip(accepted: str, taken: bool) -> None:
    """By the weights of RFC 9110; what is not understood is not taken."""
    assert takes_gzip(accepted) is taken


def test_a_long_header_takes_no_time() -> None:
    """Each coding is looked at once."""
    assert takes_gzip("gzip;q=0," + "a;q=0." * 10_000) is False
    assert takes_gzip(", " * 10_000 + "gzip") is True


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    database = tmp_path_factory.mktemp("runtime") / "optout.db"
    with FunctionsRuntime(ROOT, environment(database)) as running:
        yield App(running)


@pytest.fixture(params=["local host", "runtime"])
def hosted(request: pytest.FixtureRequest) -> App:
    """The app on the local host, and in Microsoft's runtime."""
    found: App = request.getfixturevalue("app" if request.param == "local host" else "runtime")
    return found


def ask(hosted: App, recipients: list[str], accepted: str | None = "gzip") -> Answer:
    headers = {} if accepted is None else {"Accept-Encoding": accepted}
    return hosted.post(CHECK, {"sender": "12345", "recipients": recipients}, headers)


def plain(answer: Answer) -> bytes:
    assert answer.headers.get_all("Vary") == ["Accept-Encoding"]
    is_compressed = answer.headers["Content-Encoding"] == "gzip"
    return gzip.decompress(answer.body) if is_compressed else answer.body


def test_a_long_answer_is_shorter_and_the_same(hosted: App) -> None:
    """For whoever takes it, a twentieth of the size; for others as it was."""
    hosted.deliver(sms_event("STOP", from_=MANY[0]))
    as_it_is = ask(hosted, MANY, None)
    shorter = ask(hosted, MANY)
    assert as_it_is.headers["Content-Encoding"] is None
    assert shorter.headers["Content-Encoding"] == "gzip"
    assert plain(as_it_is) == plain(shorter)
    assert len(shorter.body) < len(as_it_is.body) / 10
    assert shorter.headers.get_content_type() == "application/json"
    assert shorter.headers["Cache-Control"] == "no-store"
    assert len(json.loads(plain(shorter))["results"]) == len(MANY)
    assert ask(hosted, MANY, "gzip;q=0").headers["Content-Encoding"] is None
    assert ask(hosted, MANY, "gzip").body == shorter.body


@pytest.mark.parametrize(("people", "coding"), [(1, None), (4, None), (8, "gzip")])
def test_a_short_answer_stays_as_it_is(hosted: App, people: int, coding: str | None) -> None:
    """Below a kibibyte nothing is gained. That it might have been otherwise is said all the same."""
    answer = ask(hosted, MANY[:people])
    assert answer.headers["Content-Encoding"] == coding
    assert (len(plain(answer)) >= compression.SHORTEST) is (coding is not None)


@pytest.mark.parametrize(
    ("method", "target", "body", "status"),
    [
        ("POST", CHECK, b"{", 400),
        ("POST", CHECK, json.dumps({"sender": "1" * 2000, "recipients": ["1"]}).encode(), 400),
        ("POST", CHECK, json.dumps({"sender": "12354", "recipients": ["1"]}).encode(), 404),
        ("GET", CHECK, b"", 405),
        ("HEAD", "openapi.json", b"", 405),
        ("GET", "console", b"", 200),
        ("GET", "console/main.js", b"", 200),
        ("GET", "health", b"", 200),
    ],
)
def test_errors_and_files_stay_as_they_are(
    hosted: App, method: str, target: str, body: bytes, status: int
) -> None:
    """So does what another method gets, and the page, whose tag is of the file as it is."""
    answer = hosted.host.request(method, f"/api/{target}", body, {"Accept-Encoding": "gzip"})
    assert (answer.status, answer.headers["Content-Encoding"]) == (status, None)
    assert answer.headers["Vary"] is None


def test_a_copy_that_is_current_is_not_sent(hosted: App) -> None:
    """304 without a body, whatever is accepted."""
    tag = hosted.get("console").headers["ETag"]
    headers = {"If-None-Match": tag, "Accept-Encoding": "gzip"}
    answer = hosted.host.request("GET", "/api/console", b"", headers)
    assert (answer.status, answer.body, answer.headers["Content-Encoding"]) == (304, b"", None)


def test_the_description_is_compressed(hosted: App) -> None:
    """It names nobody."""
    answer = hosted.host.request("GET", "/api/openapi.json", b"", {"Accept-Encoding": "gzip"})
    assert json.loads(plain(answer)) == json.loads(json.dumps(table.description()))
    assert answer.headers["Content-Encoding"] == "gzip"


def test_what_strangers_wrote_is_never_compressed(app: App) -> None:
    """Whoever texts us chooses what stands beside other people's numbers: its length must not tell what
    the two have in common."""
    for person in MANY[:9]:
        app.deliver(sms_event("please cancel", from_=person))
    assert {each.name for each in table.OPERATIONS if each.compressible} == {
        "check_suppressions", "list_suppressions", "changes", "openapi",
    }  # fmt: skip
    for target in ("journal", "reviews", "export"):
        answer = app.host.request("GET", f"/api/{target}", b"", {"Accept-Encoding": "gzip"})
        assert len(answer.body) > compression.SHORTEST
        assert (answer.headers["Content-Encoding"], answer.headers["Vary"]) == (None, None)
