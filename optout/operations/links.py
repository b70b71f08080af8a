"""Links that opt one person out of one sender, for senders that nobody can answer.

Whoever has a link can opt its person out, and do nothing else with it: a link never opts in, and says
nothing about anybody but through the page that it opens.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial

from optout import log
from optout.decisions import consent
from optout.decisions.decide import decide_entered
from optout.decisions.target import Target
from optout.domain import numbers, readings
from optout.domain.enums import EvidenceKind, Intent, NumberType
from optout.domain.errors import ConfigurationError, NotFinished, NotNow
from optout.domain.ids import evidence_id
from optout.domain.link_content import LinkContent, NotALink, list_mark
from optout.domain.link_keys import LinkKey
from optout.domain.model import Evidence
from optout.operations.link_key_file import KeyFile
from optout.operations.link_tokens import Tokens
from optout.operations.recorder import Recorder
from optout.programs.directory import Directory, Sender

# Where the pages of links are, below the base.
PATH = "/o/"
_RULE = "link"


@dataclass(frozen=True, slots=True)
class MadeLink:
    """One recipient, as given, and in E.164 with the link; or why there is none."""

    given: object
    recipient: str | None = None
    url: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """What a link is for, whose messages these are, the name of the key that made it, and how the
    program file says that its people reach somebody."""

    sender: Sender
    recipient: str
    program: str
    key: str
    ways: tuple[str, ...] = ()

    @property
    def way_back(self) -> str | None:
        """The word by which the person comes back, if the sender can be texted."""
        can_answer = self.sender.configured and self.sender.number_type is not NumberType.ALPHANUMERIC
        words = [
            each.word
            for each in self.sender.rules.keywords.values()
            if each.intent is Intent.START and not each.of_program
        ]
        return words[0] if can_answer and words else None


@dataclass
class Links:
    """Makes links and does what a tap on one asks for; safe to share between threads.

    `keys` are those of the settings, None where nobody can read them; without any, `key_file` has one
    on a laptop. `new_id` gives an id that nobody else has.
    """

    directory: Directory
    recorder: Recorder
    new_id: Callable[[], str]
    base: str | None = None
    keys: Collection[LinkKey] | None = ()
    key_file: KeyFile | None = None
    _tokens: Tokens | None = field(default=None, init=False)

    def make(
        self, sender: Sender, recipients: Iterable[object], countries: Collection[str] = ()
    ) -> Iterator[MadeLink]:
        """A link for each recipient, in the order given, as they are asked for. A number without a
        country code is one of the countries that are meant; about one that is not certainly a number
        there is no link. Raises NotNow where no links are configured."""
        tokens = self._find_tokens(make=True)
        if tokens is None or self.base is None:
            raise NotNow(
                "no links are configured: set OPTOUT_LINK_BASE and OPTOUT_LINK_KEYS; docs/settings.md "
                "says how"
            )
        return self._made(f"{self.base.rstrip('/')}{PATH}", tokens, sender, recipients, countries)

    def follow(self, token: str) -> Link | None:
        """What a link is for; None for one that no key has made. Raises ConfigurationError for a key
        that cannot be read."""
        tokens = self._find_tokens(make=False)
        opened = tokens.open(token) if tokens else None
        if opened is None:
            return None
        sender = self._sender(opened.content)
        ways = tuple(each.opt_out_by for each in self._meant(sender) if each.opt_out_by)
        return Link(sender, opened.content.recipient, self._program(sender), opened.key, ways)

    def tap(self, link: Link) -> Evidence:
        """Opt the person of a link out, as their own STOP of now would be: as far as the program's
        reach. While they are out it only confirms. What cannot be announced now is left to the queue.

        Raises StoreAway where it is not recorded.
        """
        now = self.recorder.clock()
        evidence = replace(
            Target(sender=link.sender).evidence(EvidenceKind.LINK, out=True, now=now),
            id=evidence_id(EvidenceKind.LINK, self.new_id(), link.recipient),
            recipient=link.recipient,
            rule=f"{_RULE}:{link.key}",
        )
        decisive = consent.sender_scopes(link.sender)
        decide = partial(decide_entered, is_now=True, decisive=decisive, sender=link.sender)
        recorded = self.recorder.record(evidence, decide).evidence
        log.info("link", recorded)
        try:
            self.recorder.hand_over(self.recorder.announce(recorded))
        except NotFinished as problem:
            # It is recorded, which is all that the person asked for.
            log.error("not_finished", recorded, problem=str(problem))
        return recorded

    def _find_tokens(self, *, make: bool) -> Tokens | None:
        if self._tokens is None:
            keys = self.keys
            if keys is None:
                raise ConfigurationError(
                    "OPTOUT_LINK_KEYS: the reference to the Key Vault is not resolved; let the app's "
                    "identity read the secret"
                )
            if not keys and self.key_file:
                keys = (make and self.base and self.key_file.make()) or self.key_file.read()
            self._tokens = Tokens(tuple(keys)) if keys else None
        return self._tokens

    def _made(
        self,
        address: str,
        tokens: Tokens,
        sender: Sender,
        recipients: Iterable[object],
        countries: Collection[str],
    ) -> Iterator[MadeLink]:
        marks: dict[str, int] = {}
        for given in recipients:
            try:
                recipient = _read(given, countries)
                name = sender.for_recipient(recipient).list
                mark = marks[name] if name in marks else marks.setdefault(name, list_mark(name))
                token = tokens.seal(LinkContent(sender.id, recipient, mark))
            except (numbers.NotANumber, NotALink) as problem:
                yield MadeLink(given, error=str(problem))
            else:
                yield MadeLink(given, recipient, f"{address}{token}")

    def _sender(self, content: LinkContent) -> Sender:
        """The sender of a link; one that is gone is on the list that it was on, if that is there, also
        under another name."""
        found = self.directory.sender(content.sender, content.recipient)
        if found.configured:
            return found
        for name in sorted(self.directory.lists):
            formerly = self.directory.formerly.get(name, ())
            if content.list_mark in map(list_mark, (name, *formerly)):
                ends = [each.everything_from for each in self.directory.on_list(name)]
                return replace(
                    found,
                    list=name,
                    formerly=formerly,
                    everything_from=min(filter(None, ends), default=found.everything_from),
                )
        return found

    def _program(self, sender: Sender) -> str:
        """Whose messages a sender's are, as people know it."""
        programs = (each.program for each in self._meant(sender) if each.program)
        return ", ".join(dict.fromkeys(programs)) or sender.name

    def _meant(self, sender: Sender) -> Collection[Sender]:
        """Itself; of a sender that is gone, those of the list that it was on."""
        return sender.either if sender.configured else self.directory.on_list(sender.list)


def _read(given: object, countries: Collection[str]) -> str:
    """A recipient in E.164. Raises NotANumber."""
    if not isinstance(given, str):
        raise numbers.NotANumber('not a text; write the number in quotes, "+14255550123"')
    return readings.read(given, countries)
