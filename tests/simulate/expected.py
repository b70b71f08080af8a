"""What should come out, worked out without the code under test: what was said, sorted by its time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from optout.domain.enums import EvidenceKind, ReviewVerdict
from optout.domain.model import Evidence
from optout.domain.times import EARLIEST
from tests.chaos.expected import State
from tests.simulate.lines import LINES
from tests.simulate.operations import FORMERLY, Operation

NEVER_OUT = State(False, EARLIEST, EARLIEST, False)


@dataclass(frozen=True)
class Said:
    """One thing that was said about consents. `blocks`: a carrier or ACS refuses messages after it;
    `by_hand`: somebody else entered it; `probable`: it was taken from other words."""

    evidence: str
    at: datetime
    out: bool
    scopes: tuple[str, ...]
    blocks: bool = False
    sender: str | None = None
    by_hand: bool = False
    probable: bool = False

    @property
    def lifts_no_block(self) -> bool:
        return not self.out and self.by_hand and self.sender is not None


class Operations:
    """The operations of a history, and which of them a piece of evidence comes from."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self.all = tuple(operations)
        self.by_number = {each.number: each for each in self.all}
        self._recorded = {
            (
                each.kind,
                each.message_id,
                each.says if each.kind == "message" else None,
                each.sender,
            ): each
            for each in self.all
            if each.is_recorded
        }

    def of(self, evidence: Evidence) -> Operation | None:
        """Changes by hand, imports and verdicts have their number as the reason; taps on one link
        are all alike, and taken for the first."""
        if evidence.kind is EvidenceKind.LINK:
            return self.first_tap(evidence.recipient, evidence.sender or "")
        if evidence.message_id is None:
            return self.by_number.get(int(evidence.reason or -1))
        kind = "message" if evidence.kind is EvidenceKind.MESSAGE else "report"
        return self._recorded.get((kind, evidence.message_id, evidence.text, evidence.sender or ""))

    def first_tap(self, person: str, sender: str) -> Operation | None:
        """The first that somebody does to a link."""
        taps = [each for each in self.all if each.kind == "link"]
        about = [each for each in taps if (each.person, each.sender) == (person, sender)]
        return min(about, key=lambda each: each.at, default=None)

    def state(self, history: Iterable[Evidence]) -> dict[str, State]:
        """The consents of one person after some evidence."""
        return by_time(*self.told(history))

    def told(self, history: Iterable[Evidence]) -> tuple[list[Said], set[tuple[str, str]]]:
        """What evidence says about consents, and which of it was lifted in which scope."""
        said: list[Said] = []
        lifted: set[tuple[str, str]] = set()
        for item in history:
            operation = self.of(item)
            if operation is None:
                continue
            if item.verdict is ReviewVerdict.LIFT:
                lifted |= {(str(item.about), str(scope)) for scope in item.scopes}
            elif item.verdict is ReviewVerdict.CONFIRM:
                judged = self.by_number[operation.about or 0]
                said.append(Said(item.id, judged.time, True, judged.scopes_at(judged.time)))
            elif operation.out is not None:
                said.append(_said(item, operation))
        return said, lifted


def _said(item: Evidence, operation: Operation) -> Said:
    is_entered = operation.kind in ("manual", "import")
    names_sender = not is_entered or operation.target == "sender"
    # Where it brought no time that can be believed, it was fixed when it was recorded.
    at = operation.time if operation.clock == "own" else item.at
    return Said(
        evidence=item.id,
        at=at,
        out=bool(operation.out),
        scopes=operation.scopes_at(at),
        blocks=operation.blocks,
        sender=operation.sender if names_sender else None,
        by_hand=is_entered,
        probable=operation.is_probable,
    )


def by_time(said: Sequence[Said], lifted: set[tuple[str, str]]) -> dict[str, State]:
    """The consents, from what was said in the order of its times; on a tie STOP wins."""
    blocked = without_effect(said, lifted)
    scopes = chain.from_iterable(each.scopes for each in said if each.evidence in blocked)
    states = dict.fromkeys((*(scope for _, scope in lifted), *scopes), NEVER_OUT)
    for each in sorted(said, key=lambda one: (one.at, one.out)):
        for scope in each.scopes:
            if each.evidence not in blocked and (each.evidence, scope) not in lifted:
                states[scope] = _after(states.get(scope), each, scope)
    return {scope: state for scope, state in states.items() if state != NEVER_OUT}


def _after(before: State | None, said: Said, scope: str) -> State:
    stays = before is not None and before.out == said.out and before != NEVER_OUT
    since = before.since if before is not None and stays else said.at
    was_blocked = before is not None and stays and before.blocked
    blocked = said.out and scope.startswith("sender:") and (was_blocked or said.blocks)
    return State(said.out, since, said.at, blocked)


def without_effect(said: Sequence[Said], lifted: set[tuple[str, str]]) -> set[str]:
    """Rule 12: what others enter for a sender while a carrier or ACS blocks it, which nobody but the
    person lifts. At the same moment a block stands already."""
    found: set[str] = set()
    for sender in {each.sender for each in said if each.lifts_no_block}:
        own, state = f"sender:{sender}", None
        about = [each for each in said if own in each.scopes and (each.evidence, own) not in lifted]
        for each in sorted(about, key=lambda one: (one.at, one.lifts_no_block, one.out)):
            if each.lifts_no_block and state is not None and state.blocked:
                found.add(each.evidence)
            else:
                state = _after(state, each, own)
    return found


def may_be_lifted(said: Sequence[Said], lifted: set[tuple[str, str]], scope: str, judged: str) -> bool:
    """Whether a scope is out by probable requests alone, the judged one among them."""
    blocked = without_effect(said, lifted)
    run: list[Said] = []
    for each in sorted(said, key=lambda one: (one.at, one.out)):
        is_about = scope in each.scopes and (each.evidence, scope) not in lifted
        if is_about and each.evidence not in blocked:
            run = [*run, each] if each.out else []
    return all(each.probable for each in run) and judged in {each.evidence for each in run}


def is_true(operation: Operation, at: datetime, states: Mapping[str, State]) -> bool:
    """Whether the answer to a message would say what is so."""
    if operation.out is None:
        return True
    said = states.get(operation.scopes[0])
    is_so = _is_out_of_it(operation, states) == operation.out
    return said is not None and said.since <= at and is_so


def _is_out_of_it(operation: Operation, states: Mapping[str, State]) -> bool:
    """Out of the sender or, where a program's word is about another list, of that list."""
    listed = operation.word[1] if operation.word is not None else None
    if listed is None or listed == LINES[operation.sender].list:
        return suppressed(operation.sender, states)
    wider = [states[name] for name in (f"list:{listed}", "everything") if name in states]
    return bool(wider) and max((each.at, each.out) for each in wider)[1]


def suppressed(sender: str, states: Mapping[str, State]) -> bool:
    """Whether nobody may text the person from a sender."""
    own = states.get(f"sender:{sender}")
    listed = LINES[sender].list
    scopes = (f"list:{listed}", f"list:{FORMERLY.get(listed)}", "everything")
    wider = [(state.at, state.out) for scope in scopes if (state := states.get(scope))]
    return (own is not None and own.out) or (bool(wider) and max(wider)[1])


def is_blocked(sender: str, states: Mapping[str, State]) -> bool:
    """Whether a carrier or ACS refuses what we send."""
    own = states.get(f"sender:{sender}")
    return own is not None and own.out and own.blocked
