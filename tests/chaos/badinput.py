"""Bad input as figures: what was tried, of how many kinds, and whether any of it raised, hung or cost
more than a bound. Each kind goes the way that it goes in Azure, or on a laptop."""

import faulthandler
import io
import json
import logging
import os
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from optout import service
from optout.azure import queue
from optout.domain.errors import OptoutError
from optout.domain.model import Unfinished
from optout.http import table
from optout.http.exchange import Request
from optout.operations.transfer import columns, reading
from optout.operations.transfer.rows import Refused, RowReader
from optout.operations.transfer.times import TimeFormat
from optout.programs.directory import Directory
from optout.settings import ROOT
from tests.support import hostile
from tests.support.client import environment
from tests.support.world import NOON

# Processor time for one input; what is honest needs a hundredth of it.
COSTLY_SECONDS = 1.0
# After so long, whatever hangs is ended, with its stack.
HANGING_SECONDS = 60

PROGRAMS = (ROOT / "programs.toml").read_text("utf-8")
VALUES = (
    '""', '"\\u0000"', '"x', "'''", '"' + "x" * 5000 + '"', "9" * 400, "9" * 5000, "-1", "1e999",
    "nan", "true",
    "1979-05-27", "[]", "[[]]", "[" * 2000, "{}", '{a = 1}', '["STOP", "STOP"]', '"+1"', '"{name"', "",
)  # fmt: skip
LISTS = (
    "phone,status,opted_out_at\n+14255550123,opt-out,2024-07-01T12:30:00Z\n4255550124,in,\n",
    '"Phone Number";"Unsubscribed at"\r\n"+1 425 555 0123";"01.07.2024 12:30"\r\n',
    '{"phone": "+14255550123", "opted_out_at": 1719837000}\n{"phone": 4255550124}\n',
)


@dataclass(frozen=True)
class Kind:
    """A kind of input: how it is made, and what takes it. `give` returns in a word how it ended."""

    name: str
    inputs: st.SearchStrategy[Any]
    give: Callable[[Any], str]


@dataclass
class Figures:
    """What was tried, and what must not have happened."""

    tried: Counter[str] = field(default_factory=Counter)
    ended: dict[str, Counter[str]] = field(default_factory=dict)
    costliest: dict[str, float] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)

    def report(self) -> str:
        total = f"bad input: {self.tried.total():,} tried, of {len(self.tried)} kinds"
        lines = [
            f"  {count:>9,}  {name}, the costliest {self.costliest[name]:.2f} s: "
            + ", ".join(f"{times:,} {how}" for how, times in self.ended[name].most_common())
            for name, count in self.tried.items()
        ]
        found = self.violations or [f"none raised, hung or took more than {COSTLY_SECONDS:g} s"]
        return "\n".join((total, *lines, *found[:20]))


def event(text: str) -> str:
    return str(service.receive(text))


def queue_message(text: str) -> str:
    service.finish(text)
    return "taken or dropped"


def asked(request: tuple[str, Request]) -> str:
    """An operation, as function_app calls it: never 500, nor 405, by which nothing would be tried."""
    name, asked_for = request
    status = int(FUNCTIONS[name].respond(asked_for, service.current).status)
    if status >= 500 or status == 405:
        raise AssertionError(f"{name} answers {status}")
    return f"{status // 100}xx"


def program_file(path: Path) -> Callable[[str], str]:
    def load(text: str) -> str:
        path.write_text(text, "utf-8", errors="surrogatepass")
        try:
            Directory.load(path)
        except OptoutError:
            return "refused"
        return "taken"

    return load


def list_file(path: Path) -> Callable[[bytes], str]:
    def read(content: bytes) -> str:
        path.write_bytes(content)
        said = "empty"
        try:
            with reading.open_rows(path) as rows:
                reader = RowReader(columns.recognise(rows.header, columns.Named()), NOON, TimeFormat())
                while part := reading.part(rows.rows, 1000):
                    for row in part:
                        try:
                            said = "read" if reader.read(row) else "left out"
                        except Refused:
                            said = "rows refused"
        except OptoutError:
            return "refused"
        return said

    return read


FUNCTIONS = {function.name: function for function in table.functions()}
WITH_BODY = [each for each in table.OPERATIONS if each.body]
EXAMPLES = [
    (each.function or each.name, json.dumps(example))
    for each in WITH_BODY
    for example in each.asked.values()
]
HEADERS = st.dictionaries(
    st.sampled_from(["idempotency-key", "x-ms-client-principal-id", "if-none-match", "content-type"]),
    hostile.HOSTILE,
)


@st.composite
def bodies(draw: st.DrawFn) -> tuple[str, Request]:
    """A body where an operation expects one, in an encoding of any kind."""
    name, right = EXAMPLES[draw(st.integers(0, len(EXAMPLES) - 1))]
    text = draw(hostile.documents(st.just(right)))
    encoding = draw(st.sampled_from(["utf-8", "utf-8", "utf-8", "utf-16", "utf-8-sig", "latin-1"]))
    body = text.encode(encoding, "surrogatepass" if encoding != "latin-1" else "replace")
    return name, Request("POST", body, headers=draw(HEADERS))


@st.composite
def queries(draw: st.DrawFn) -> tuple[str, Request]:
    """A query and a path of any kind where an operation takes one."""
    found = draw(st.sampled_from([each for each in table.OPERATIONS if not each.body]))
    names = [*(found.query.model_fields if found.query else ()), "code", "limit", "cursor"]
    query = draw(st.dictionaries(st.sampled_from(names) | hostile.HOSTILE, hostile.HOSTILE))
    path = {name: draw(hostile.HOSTILE) for name in re.findall(r"{(\w+)}", found.route)}
    return found.function or found.name, Request(found.method, b"", query, path, draw(HEADERS))


@st.composite
def program_files(draw: st.DrawFn) -> str:
    """The program file with some values replaced, or torn."""
    lines = PROGRAMS.splitlines()
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(lines) - 1))
        name = lines[at].partition("=")[0]
        lines[at] = f"{name} = {draw(st.sampled_from(VALUES) | hostile.HOSTILE)}"
    return "\n".join(lines)


@st.composite
def list_files(draw: st.DrawFn) -> bytes:
    """A list with lines that are torn, repeated or of another kind."""
    text = draw(st.sampled_from(LISTS).flatmap(lambda right: hostile.torn(st.just(right))))
    text *= draw(st.sampled_from([1, 1, 1, 2000]))
    content = text.encode(draw(st.sampled_from(["utf-8", "utf-16", "latin-1"])), "replace")
    at = draw(st.integers(0, len(content)))
    return content[:at] + draw(st.binary(max_size=8)) + content[at:]


def kinds(folder: Path) -> list[Kind]:
    work = queue.dump(Unfinished("+14255550123", "9d2c5e7a"))
    programs = st.one_of(program_files(), hostile.torn(st.builds(lambda: PROGRAMS)), hostile.HOSTILE)
    return [
        Kind("events", hostile.EVENTS, event),
        Kind("HTTP bodies", bodies(), asked),
        Kind("queries", queries(), asked),
        Kind("program files", programs, program_file(folder / "programs.toml")),
        Kind("import files", list_files() | st.binary(max_size=200), list_file(folder / "list.csv")),
        Kind("queue messages", hostile.documents(st.just(work)), queue_message),
    ]


def try_kind(kind: Kind, count: int, start: int, figures: Figures) -> None:
    """Give so many inputs of a kind, and note what must not happen."""
    ended = figures.ended.setdefault(kind.name, Counter())
    figures.costliest[kind.name] = 0.0

    @seed(start)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(kind.inputs)
    def give(value: Any) -> None:
        figures.tried[kind.name] += 1
        faulthandler.dump_traceback_later(HANGING_SECONDS, exit=True)
        began = time.process_time()
        try:
            ended[kind.give(value)] += 1
        except Exception as problem:
            ended["raised"] += 1
            figures.violations.append(
                f"{kind.name}: {type(problem).__name__} {problem}: {repr(value)[:300]}"
            )
        cost = time.process_time() - began
        faulthandler.cancel_dump_traceback_later()
        figures.costliest[kind.name] = max(figures.costliest[kind.name], cost)
        if cost > COSTLY_SECONDS:
            figures.violations.append(f"{kind.name}: took {cost:.1f} s: {repr(value)[:300]}")

    give()


@contextmanager
def serving_here(folder: Path) -> Iterator[None]:
    """The service of this process, on a store in a folder."""
    before = dict(os.environ)
    os.environ.update(environment(folder / "optout.db"))
    service.shutdown()
    try:
        yield
    finally:
        service.shutdown()
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def silence() -> Iterator[None]:
    """No replies on the screen, and no line of a log."""
    logging.disable(logging.CRITICAL)
    try:
        with redirect_stdout(io.StringIO()):
            yield
    finally:
        logging.disable(logging.NOTSET)


def fuzz(folder: Path, count: int, start: int | None = None) -> Figures:
    """Give that many bad inputs, the same number of each kind."""
    figures = Figures()
    chosen = random.randrange(2**32) if start is None else start
    with serving_here(folder), silence():
        found = kinds(folder)
        for kind in found:
            try_kind(kind, max(1, count // len(found)), chosen, figures)
    return figures
