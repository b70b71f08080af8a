"""What happened, told to people: evidence, as the documents of the operations have it, as lines."""

from collections.abc import Iterator
from datetime import datetime
from itertools import starmap
from typing import Any

from optout.domain.enums import Effect, EvidenceKind, Party
from optout.domain.text import in_one_line
from optout.language.classify import UNSURE
from optout.operations.documents import HistoryItem, Reply, State

_LABEL = 12
# What a flag says to somebody who does not know the rules.
_FLAGS = {
    "no_time": "it came without a time",
    "event_time": "its time is the event's",
    "future_time": "its time was ahead of the clock",
    "probable": "in the person's own words: for review",
    "out_of_reach": "from a country that the sender does not reach",
    "no_country_code": "the number is none of any country",
    "blocked": "a carrier or ACS blocks",
}
_TITLES = {
    EvidenceKind.MESSAGE: "message",
    EvidenceKind.DELIVERY_REPORT: "delivery report",
    EvidenceKind.MANUAL: "by hand",
    EvidenceKind.IMPORT: "import",
    EvidenceKind.LINK: "link",
    EvidenceKind.RULES: "change of rules",
}


def when(time: str | None) -> str:
    """A time of a document, to the second; empty for none."""
    return f"{datetime.fromisoformat(time):%Y-%m-%d %H:%M:%S} UTC" if time else ""


def title(item: HistoryItem) -> str:
    """What a piece of evidence is: its kind, and what it is about."""
    about = ", ".join(item["scopes"]) or item["sender"] or ""
    if item["kind"] == EvidenceKind.MESSAGE:
        about = f"to {item['sender']}, list {item['list']}"
    kind = "verdict" if item["verdict"] else _TITLES[EvidenceKind(item["kind"])]
    return in_one_line(f"{kind}: {about}" if about else kind)


def effect(item: HistoryItem | Any) -> str:
    """What a piece of evidence changed."""
    return "changes nothing" if item["effect"] == Effect.NONE else str(item["effect"])


def facts(item: HistoryItem) -> Iterator[tuple[str, str]]:
    """What there is to say of a piece of evidence: a label and a line each."""
    if item["kind"] == EvidenceKind.MESSAGE:
        yield "understood", in_one_line(f"{_understood(item)}: {effect(item)}")
        yield "answer", in_one_line(answered(item["reply"]))
    elif item["kind"] == EvidenceKind.LINK:
        yield "tapped", in_one_line(f"{_understood(item)}: {effect(item)}")
    else:
        yield "effect", in_one_line(f"{item['verdict'] or item['intent']}, {effect(item)}")
    if item["actor"] or item["reason"]:
        yield "by", in_one_line(": ".join(each for each in (item["actor"], item["reason"]) if each))
    if item["principal"]:
        yield "signed in as", in_one_line(item["principal"]["name"] or item["principal"]["id"])
    noted = [_FLAGS.get(flag, flag) for flag in item["flags"]]
    if noted:
        yield "note", in_one_line("; ".join(noted))


def lines(item: HistoryItem) -> Iterator[str]:
    """The same, as lines of a terminal."""
    return starmap(_labelled, facts(item))


def answered(reply: Reply | None) -> str:
    """Who answered, what became of it, and with what."""
    if reply is None or reply["answered_by"] == Party.NOBODY:
        return "nobody"
    arrived = reply["delivery"]
    delivery = "" if arrived is None else ", delivered" if arrived["delivered"] else ", not delivered"
    return f"{reply['answered_by']} ({reply['status']}{delivery}): {reply['text'] or ''}".rstrip()


def standing(name: str, answer: State) -> str:
    """Whether somebody may be texted from what has this name."""
    if not answer["suppressed"]:
        return _labelled("list", in_one_line(f"{name}: may be texted"))
    says = f"suppressed, scope {answer['scope']}, blocked by {answer['blocked_by']}"
    return _labelled("list", in_one_line(f"{name}: {says}"))


def _understood(item: HistoryItem) -> str:
    if not item["rule"]:
        return "no keyword"
    if item["rule"] == UNSURE:
        return f"perhaps {item['intent']}: only the second reader finds it"
    sure = " (probable)" if item["certainty"] == "probable" else ""
    return f"{item['intent']}{sure}, by {item['rule']}"


def _labelled(label: str, text: str) -> str:
    return f"  {label:{_LABEL}}{text}"
