"""Programs: which sender is on which suppression list, by whose rules, and with which replies.

Nothing here may know about messages or consents; `schema` says what a program file may contain.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from difflib import get_close_matches
from pathlib import Path

from optout.domain import numbers
from optout.domain.enums import Intent, NumberType, Party, ProbablePolicy, Via
from optout.domain.errors import ConfigurationError
from optout.language import rules
from optout.language.rules import Ruleset
from optout.programs import keywords, reach
from optout.programs.check import Checked, check_file
from optout.programs.findings import Finding
from optout.programs.schema import ProgramEntry, ProgramFile, SenderEntry

_REPLY_OF = {
    Intent.STOP: "stop",
    Intent.STOP_ALL: "stop",
    Intent.START: "start",
    Intent.HELP: "help",
    Intent.NONE: "unknown",
}
# How alike two spellings of one sender must be: of five digits, one is wrong or two are swapped.
_LIKENESS = 0.8


@dataclass(frozen=True, slots=True)
class Sender:
    """One of our numbers or sender IDs, with all that is decided by its configuration.

    `id` is the form for comparing, `name` the spelling to show and to send from. `managed_by` says who
    manages opt-out there. `via` says how ACS has it, if it is not its own, and `partner` from whom, if
    that is said. `answers` overrides who answers: SERVICE for a toll-free number that no
    carrier serves, NOBODY if something else answers. `probable` is the policy for probable requests,
    `unsure` that for those that only the second reader finds; the person gets a confirmation of a
    suppression by one only with `answers_probable`. `formerly` are names that its list had before.
    `stands_for` is the sender ID in whose place networks show this number. `alike` are the senders of
    other countries with the same digits, where nothing shows which is meant. `everything_from` is when
    its opt-outs begin to end everything, None if they never do. `opt_out_by` is how people opt out who
    cannot answer, and `has_links` that each message has its recipient's link.
    """

    id: str
    name: str
    number_type: NumberType
    country: str | None
    managed_by: Party
    list: str
    rules: Ruleset
    program: str | None = None
    answers: Party | None = None
    probable: ProbablePolicy = ProbablePolicy.SUPPRESS
    unsure: ProbablePolicy = ProbablePolicy.REVIEW
    answers_probable: bool = False
    replies: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    formerly: tuple[str, ...] = ()
    via: Via | None = None
    partner: str | None = None
    stands_for: str | None = None
    alike: "tuple[Sender, ...]" = ()
    everything_from: datetime | None = None
    opt_out_by: str | None = None
    has_links: bool = False

    @property
    def configured(self) -> bool:
        return self.program is not None

    @property
    def reach(self) -> frozenset[str] | None:
        """The only countries that it can send to and receive from; None if nothing limits them."""
        reached = [each.rules.reach for each in (self, *self.alike)]
        limits = [each for each in reached if each is not None]
        return frozenset().union(*limits) if len(limits) == len(reached) else None

    @property
    def either(self) -> "tuple[Sender, ...]":
        """The senders that it may be: itself, unless others have the same digits."""
        return (replace(self, alike=()), *self.alike) if self.alike else (self,)

    def for_recipient(self, number: str) -> "Sender":
        """The one of several with the same digits that can reach a phone number; with the others where
        the number does not show which that is."""
        if not self.alike:
            return self
        possible = numbers.possible_countries(number)
        reaching = [each for each in self.either if possible & (each.reach or possible)]
        return reaching[0] if len(reaching) == 1 else self._with_words_of_others()

    def _with_words_of_others(self) -> "Sender":
        """With what the programs of the same digits add, since their senders may be meant; and with all
        that opts out of one. What this program says of its own list is not true of another's."""
        added = [
            word if word.reply or word.intent.opts_out else replace(word, answered_by=Party.NOBODY)
            for each in self.alike
            for word in each.rules.keywords.values()
            if word.of_program or word.intent.opts_out
        ]
        return replace(self, rules=rules.with_words(self.rules, added))

    def reaches(self, number: str) -> bool:
        """Whether it may reach a phone number: not if all countries it may be of are out of reach."""
        possible = numbers.possible_countries(number)
        return self.reach is None or not possible or not possible.isdisjoint(self.reach)

    def ends_everything(self, at: datetime) -> bool:
        """Rule 1: whether an opt-out to it, of a time, ends more than its list."""
        begins = (each.everything_from for each in self.either)
        return any(begun is not None and at >= begun for begun in begins)

    def reply(self, intent: Intent, language: str | None, *, again: bool = False) -> str | None:
        """The configured text for an intent, in the language asked for if there is one; `again` for an
        opt-out of somebody who was out, who is not asked again."""
        name = _REPLY_OF[intent]
        own, others = self.replies.get(language or "", {}), self.replies.get("", {})
        usual = own.get(name)
        if again and (usual is None or self.asks(usual) or f"{name}_again" in own):
            usual = own.get(f"{name}_again") or others.get(f"{name}_again") or usual
        return usual or others.get(name)

    def asks(self, text: str) -> bool:
        """Whether a text asks which messages to keep: it names a word of the program that starts
        some."""
        return keywords.asks(text, self.rules.keywords.values())


@dataclass(frozen=True, slots=True)
class Others:
    """How senders that no program names are treated. Without a `list` each has one of its own, and
    nobody is answered."""

    list: str | None = None
    probable: ProbablePolicy = ProbablePolicy.SUPPRESS
    unsure: ProbablePolicy = ProbablePolicy.REVIEW
    answers_probable: bool = False
    replies: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    everything_from: datetime | None = None


class Directory:
    """All programs: which list each sender belongs to, and its replies.

    `every` has each sender by itself, `senders` one for each id: those with the same digits together.
    """

    def __init__(
        self,
        senders: Mapping[str, Sender],
        advice: tuple[Finding, ...] = (),
        others: Others = Others(),
    ) -> None:
        self.senders = senders
        self.every = tuple(each for sender in senders.values() for each in sender.either)
        self.advice = advice
        self.others = others
        of_others = [others.list] if others.list else []
        self.lists = frozenset([*(sender.list for sender in self.every), *of_others])
        self.formerly = {sender.list: sender.formerly for sender in self.every}

    @classmethod
    def load(cls, path: Path, today: date | None = None) -> "Directory":
        """The programs of a file, with the advice about it on a day.

        Raises ConfigurationError with every error, one per line.
        """
        return cls.of(path, check_file(path, today))

    @classmethod
    def of(cls, path: Path, checked: Checked) -> "Directory":
        """The programs of a file that was checked. Raises ConfigurationError with every error."""
        if checked.errors or checked.file is None:
            raise ConfigurationError("\n".join(f"{path}: {finding}" for finding in checked.errors))
        return cls(_by_id(_senders(checked.file)), checked.warnings, _others(checked.file))

    def sender(self, sender_id: str, recipient: str | None = None) -> Sender:
        """The configured sender, or an unconfigured one: on the list of all that no program names, or
        on one of its own. With a recipient, that of several with the same digits that can reach it."""
        found = self.senders.get(sender_id) or _unconfigured(sender_id, self.others)
        return found.for_recipient(recipient) if recipient else found

    def on_list(self, name: str) -> list[Sender]:
        """The configured senders that share a list."""
        return [sender for sender in self.every if sender.list == name]

    def nearest(self, sender_id: str) -> list[str]:
        """The names of the configured senders most like a mistyped one, the nearest first."""
        near = get_close_matches(sender_id, self.senders, cutoff=_LIKENESS)
        return [self.senders[identity].name for identity in near]

    def countries_meant(self, senders: Iterable[Sender] | None = None) -> frozenset[str]:
        """The countries that a number without a country code may be of: those that the senders reach.

        `senders` is the sender that is named, or those of the list that is named; None means all
        senders.
        """
        asked = self.every if senders is None else senders
        return frozenset().union(*(self._countries(sender) for sender in asked))

    def _countries(self, sender: Sender) -> frozenset[str]:
        """The countries that a sender reaches; if nothing limits them, those of its program."""
        if sender.reach is not None:
            return sender.reach
        its_program = (
            other for other in self.every if sender.configured and other.program == sender.program
        )
        return frozenset(each.country for each in (sender, *its_program) if each.country)


def _unconfigured(sender_id: str, others: Others) -> Sender:
    number_type, country = numbers.describe(sender_id)
    managed_by = Party.CARRIER if number_type is NumberType.TOLL_FREE else Party.SERVICE
    return Sender(
        id=sender_id,
        name=sender_id,
        number_type=number_type,
        country=country,
        managed_by=managed_by,
        # A list of the program file cannot have a colon in its name.
        list=others.list or f"sender:{sender_id}",
        rules=rules.unconfigured(number_type, country, Party.SERVICE if others.list else Party.NOBODY),
        probable=others.probable,
        unsure=others.unsure,
        answers_probable=others.answers_probable,
        replies=others.replies,
        everything_from=others.everything_from,
    )


def _others(file: ProgramFile) -> Others:
    entry, everything_from = file.unconfigured, reach.everything_from(file, file.unconfigured)
    if entry is None:
        return Others(everything_from=everything_from)
    return Others(
        list=entry.list,
        probable=entry.probable.policy,
        unsure=entry.probable.unsure,
        answers_probable=entry.probable.answered,
        replies=entry.replies.given(),
        everything_from=everything_from,
    )


def _by_id(senders: Iterable[Sender]) -> dict[str, Sender]:
    """Each id's sender, with those of other countries that have the same digits."""
    found: dict[str, Sender] = {}
    for sender in senders:
        first = found.setdefault(sender.id, sender)
        if first is not sender:
            found[sender.id] = replace(first, alike=(*first.alike, sender))
    return found


def _senders(file: ProgramFile) -> Iterator[Sender]:
    for program in file.program:
        for entry in program.sender:
            sender = _sender(file, program, entry)
            yield sender
            for replacement in entry.replacements:
                yield replace(_sender(file, program, replacement), stands_for=sender.id)


def _sender(file: ProgramFile, program: ProgramEntry, entry: SenderEntry) -> Sender:
    ruleset = rules.choose(entry.type, entry.place, entry.manager, entry.via)
    if ruleset is None:
        raise AssertionError("a sender without rules passed the check")
    identity = numbers.sender_id(entry.number)
    probable, words = program.probable.of(entry.place), keywords.of(program, file.formerly)
    return Sender(
        id=identity,
        name=entry.number if entry.type is NumberType.ALPHANUMERIC else identity,
        number_type=entry.type,
        country=entry.place,
        managed_by=entry.manager,
        list=program.list,
        rules=rules.with_words(ruleset, words) if words else ruleset,
        program=program.name,
        answers=Party(entry.answers) if entry.answers else None,
        probable=probable.policy,
        unsure=probable.unsure,
        answers_probable=probable.answered,
        replies=program.replies_of(entry),
        formerly=file.formerly[program.list],
        everything_from=reach.everything_from(file, program),
        via=entry.via,
        partner=entry.partner,
        opt_out_by=entry.opt_out_by,
        has_links=file.has_links(program, entry),
    )
