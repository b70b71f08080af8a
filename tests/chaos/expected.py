"""What should come out, worked out without the code under test: each word at each of Contoso's numbers,
and consents by sorting all that was said by its times."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

# Words, and what they ask for wherever they count.
OUT = frozenset({"STOP", "stop", "QUIT", "ARRET", "STOP ALL"})
IN = frozenset({"START", "UNSTOP"})
HELP = frozenset({"HELP"})
PROBABLE = frozenset({"how do I unsubscribe?"})
REPORT = "report 4007"
EVERYTHING = "everything"


@dataclass(frozen=True)
class Line:
    """One of our numbers: its list, and by whom its keywords are blocked and answered.

    `elsewhere` are the words that somebody else answers, with the status that says so; `blocked` the
    words after which a carrier or ACS refuses what we send, and `blocker` who that is; `probable` what
    a probable request does. With `answers_unknown` what asks for nothing may be answered, too.
    """

    list: str
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    blocked: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()
    answers: bool = True
    blocker: str = "service"
    probable: Literal["suppress", "review", "ignore"] = "suppress"
    is_configured: bool = True
    answers_unknown: bool = False
    name: str = ""


_PLATFORM = dict.fromkeys(("STOP", "stop", "QUIT", "START", "HELP"), "by_platform") | {"UNSTOP": "none"}
LINES = {
    "12345": Line("contoso-alerts"),
    "+14255550100": Line("contoso-alerts"),
    "+18335550100": Line(
        "contoso-alerts",
        dict.fromkeys(("STOP", "stop", "START", "UNSTOP"), "by_carrier"),
        frozenset({"STOP", "stop"}),
        blocker="carrier",
    ),
    "54321": Line("contoso-promo", _PLATFORM, frozenset({"STOP", "stop", "QUIT"}), blocker="platform"),
    "55555": Line(
        "contoso-canada", ignored=frozenset({"UNSTOP"}), probable="review", answers_unknown=True
    ),
    "78787": Line("contoso-uk", ignored=frozenset({"UNSTOP"}), probable="ignore"),
    "contoso": Line("contoso-uk", ignored=IN | HELP, answers=False, probable="ignore", name="CONTOSO"),
    # No program names this one.
    "+14255550199": Line("sender:+14255550199", answers=False, is_configured=False),
}
# What the campaign's program file says of probable requests beside what Contoso's says.
POLICIES = {
    "contoso-promo": """
[program.probable]
policy = "ignore"
[program.probable.US]
policy = "suppress"
""",
    "contoso-canada": """
[program.probable]
policy = "review"
""",
    "contoso-uk": """
[program.probable]
policy = "suppress"
[program.probable.GB]
policy = "ignore"
""",
}


@dataclass(frozen=True)
class Said:
    """One thing that was said of a person, whoever said it: out or in, since when, of which consents.

    `blocks`: a carrier or ACS refuses our messages after it. `yields_to` is the sender whose block
    keeps an opt-in by hand or of an import from acting. `lifts` is what a verdict takes back.
    """

    id: str
    at: datetime
    out: bool
    scopes: tuple[str, ...]
    blocks: bool = False
    yields_to: str | None = None
    is_probable: bool = False
    lifts: str | None = None


@dataclass(frozen=True)
class Message:
    """One message of a person, or one report that ACS refused a message to the person."""

    id: str
    person: str
    sender: str
    text: str
    at: datetime

    @property
    def is_report(self) -> bool:
        return self.text == REPORT

    @property
    def is_probable(self) -> bool:
        return self.text in PROBABLE

    @property
    def is_for_review(self) -> bool:
        return self.is_probable and LINES[self.sender].probable != "ignore"

    @property
    def out(self) -> bool | None:
        """Out, in, or None where it says neither."""
        if self.text in LINES[self.sender].ignored:
            return None
        if self.is_probable:
            return True if LINES[self.sender].probable == "suppress" else None
        if self.is_report or self.text in OUT:
            return True
        return False if self.text in IN else None

    @property
    def is_keyword(self) -> bool:
        known = self.out is not None or self.text in HELP
        return known and not self.is_probable and self.text not in LINES[self.sender].ignored

    @property
    def asked(self) -> tuple[str, ...]:
        """The consents that it is about, if it is a request."""
        return scopes_of(self.sender)

    @property
    def scopes(self) -> tuple[str, ...]:
        """The consents it speaks about."""
        if self.out is None:
            return ()
        if self.is_report:
            return self.asked[:1]
        return (*self.asked, EVERYTHING) if self.text == "STOP ALL" else self.asked

    @property
    def said(self) -> Said | None:
        """What it says of the person's consents, if anything."""
        if self.out is None:
            return None
        return Said(
            self.id, self.at, self.out, self.scopes, blocks=self.blocks, is_probable=self.is_probable
        )

    @property
    def settled_elsewhere(self) -> str | None:
        """The status of a reply that is not ours to give, None if it is."""
        line = LINES[self.sender]
        return line.elsewhere.get(self.text) if line.answers else "none"

    @property
    def blocks(self) -> bool:
        """Whether somebody else refuses our messages after it."""
        line = LINES[self.sender]
        return self.text in line.blocked or (self.is_report and bool(line.blocked))


def scopes_of(sender: str) -> tuple[str, ...]:
    """The consents that a word to a sender is about."""
    return f"sender:{sender}", f"list:{LINES[sender].list}"


@dataclass(frozen=True)
class State:
    """One consent; `blocked`: somebody else refuses our messages, too."""

    out: bool
    since: datetime
    at: datetime
    blocked: bool


def by_time(everything: Iterable[Said]) -> dict[str, State]:
    """The consents of one person, from all that was said in the order of its times; on a tie STOP
    wins. What was lifted was not said, nor what a block kept from acting."""
    states: dict[str, State] = {}
    said = _effective(list(everything))
    for item, scopes in sorted(said, key=lambda each: (each[0].at, each[0].out)):
        for scope in scopes:
            before = states.get(scope)
            stays = before is not None and before.out == item.out
            since = before.since if before is not None and stays else item.at
            blocked = item.out and ((before is not None and stays and before.blocked) or item.blocks)
            states[scope] = State(item.out, since, item.at, blocked and scope.startswith("sender:"))
    return states


def resting_on(request: Said, before: Sequence[Said]) -> set[str]:
    """The consents that are out by probable requests alone, this one among them, after all that was
    said before: those in which a verdict may take it back."""
    return {scope for scope in request.scopes if _rests(scope, request, before)}


def _rests(scope: str, request: Said, before: Sequence[Said]) -> bool:
    about = [item for item, scopes in _effective(before) if scope in scopes]
    about.sort(key=lambda item: (item.at, item.out))
    ins = [number for number, item in enumerate(about) if not item.out]
    since = about[ins[-1] + 1 :] if ins else about
    return request.id in {item.id for item in since} and all(item.is_probable for item in since)


def _effective(said: Sequence[Said]) -> list[tuple[Said, list[str]]]:
    """What was said, each with the consents on which it acts."""
    lifted = {(item.lifts, scope) for item in said if item.lifts for scope in item.scopes}
    left = [
        (item, [scope for scope in item.scopes if (item.id, scope) not in lifted])
        for item in said
        if item.lifts is None
    ]
    held_back = {id(item) for sender in LINES for item in _held_back(sender, left)}
    return [(item, scopes) for item, scopes in left if id(item) not in held_back]


def _held_back(sender: str, said: Iterable[tuple[Said, list[str]]]) -> Iterable[Said]:
    """The opt-ins that a block of a sender kept from acting: at one moment the block comes first."""
    own = [item for item, scopes in said if f"sender:{sender}" in scopes]
    blocked = False
    for item in sorted(own, key=lambda each: (each.at, each.yields_to is not None, each.out)):
        if item.yields_to is not None and blocked:
            yield item
        else:
            blocked = item.out and (blocked or item.blocks)


def is_stale(message: Message, states: Mapping[str, State]) -> bool:
    """Whether an answer to a message would say what is not so, or reach nobody, in these states."""
    own = states.get(f"sender:{message.sender}")
    if own is not None and own.blocked:
        return True
    if message.out is None:
        return False
    return own is None or suppressed(message.sender, states) != message.out or own.since > message.at


def suppressed(sender: str, states: Mapping[str, State]) -> bool:
    own = states.get(f"sender:{sender}")
    if own is not None and own.out:
        return True
    wider = [
        (state.at, state.out)
        for scope in (f"list:{LINES[sender].list}", EVERYTHING)
        if (state := states.get(scope))
    ]
    return max(wider)[1] if wider else False


def document(person: str, states: Mapping[str, State]) -> dict[str, object]:
    """The standing of a person, without its version, as docs/api.md describes it."""
    everything = states.get(EVERYTHING)
    named: dict[str, dict[str, State]] = defaultdict(dict)
    for scope, state in states.items():
        kind, _, name = scope.partition(":")
        named[kind][name] = state
    lists = {
        name: max((state, everything), key=lambda each: (each.at, each.out)) if everything else state
        for name, state in named["list"].items()
    }
    return {
        "recipient": person,
        "lists": {name: _entry(state) for name, state in lists.items()},
        "other_lists": _entry(everything),
        "senders": {
            name: _entry(state) | {"blocked_by": blocked_by(name, state)}
            for name, state in named["sender"].items()
        },
    }


def blocked_by(sender: str, state: State) -> str | None:
    """Who refuses a sender's messages."""
    if not state.out:
        return None
    return LINES[sender].blocker if state.blocked else "service"


def _entry(state: State | None) -> dict[str, object]:
    if state is None:
        return {"suppressed": False, "since": None, "at": None}
    return {"suppressed": state.out, "since": written(state.since), "at": written(state.at)}


def written(moment: datetime) -> str:
    """A time as answers show it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
