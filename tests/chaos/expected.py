"""What should come out, worked out without the code under test: each word at each of Contoso's numbers,
and consents by sorting messages by their times."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

# Words, and what they ask for wherever they count.
OUT = frozenset({"STOP", "stop", "QUIT", "ARRET", "STOP ALL"})
IN = frozenset({"START", "UNSTOP"})
HELP = frozenset({"HELP"})
REPORT = "report 4007"


@dataclass(frozen=True)
class Line:
    """One of our numbers: its list, and by whom its keywords are blocked and answered.

    `elsewhere` are the words that somebody else answers, with the status that says so; `blocked` the
    words after which a carrier or ACS refuses what we send.
    """

    list: str
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    blocked: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()
    answers: bool = True


_PLATFORM = dict.fromkeys(("STOP", "stop", "QUIT", "START", "HELP"), "by_platform") | {"UNSTOP": "none"}
LINES = {
    "12345": Line("contoso-alerts"),
    "+14255550100": Line("contoso-alerts"),
    "+18335550100": Line(
        "contoso-alerts",
        dict.fromkeys(("STOP", "stop", "START", "UNSTOP"), "by_carrier"),
        frozenset({"STOP", "stop"}),
    ),
    "54321": Line("contoso-promo", _PLATFORM, frozenset({"STOP", "stop", "QUIT"})),
    "55555": Line("contoso-canada", ignored=frozenset({"UNSTOP"})),
    "78787": Line("contoso-uk", ignored=frozenset({"UNSTOP"})),
    "contoso": Line("contoso-uk", ignored=IN | HELP, answers=False),
    # No program names this one.
    "+14255550199": Line("sender:+14255550199", answers=False),
}


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
    def out(self) -> bool | None:
        """Out, in, or None where it says neither."""
        if self.text in LINES[self.sender].ignored:
            return None
        if self.is_report or self.text in OUT:
            return True
        return False if self.text in IN else None

    @property
    def is_keyword(self) -> bool:
        known = self.out is not None or self.text in HELP
        return known and self.text not in LINES[self.sender].ignored

    @property
    def scopes(self) -> tuple[str, ...]:
        """The consents it speaks about."""
        own, whole_list = f"sender:{self.sender}", f"list:{LINES[self.sender].list}"
        if self.out is None:
            return ()
        if self.is_report:
            return (own,)
        return (own, whole_list, "everything") if self.text == "STOP ALL" else (own, whole_list)

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


@dataclass(frozen=True)
class State:
    """One consent; `blocked`: somebody else refuses our messages, too."""

    out: bool
    since: datetime
    at: datetime
    blocked: bool


def by_time(messages: Iterable[Message]) -> dict[str, State]:
    """The consents of one person, from the messages in the order of their times; on a tie STOP wins."""
    states: dict[str, State] = {}
    speaking = [message for message in messages if message.out is not None]
    for message in sorted(speaking, key=lambda item: (item.at, bool(item.out))):
        out = bool(message.out)
        for scope in message.scopes:
            before = states.get(scope)
            stays = before is not None and before.out == out
            since = before.since if before is not None and stays else message.at
            blocked = out and ((before is not None and stays and before.blocked) or message.blocks)
            states[scope] = State(out, since, message.at, blocked and scope.startswith("sender:"))
    return states


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
        for scope in (f"list:{LINES[sender].list}", "everything")
        if (state := states.get(scope))
    ]
    return max(wider)[1] if wider else False
