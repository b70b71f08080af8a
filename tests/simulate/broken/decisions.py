"""What is said, and in what order, taken wrongly."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from optout.decisions import consent, decide, evidence
from optout.domain.enums import Party
from optout.domain.inbound import InboundSms
from optout.domain.model import Consent, Evidence, Match, Scope
from optout.operations import handle
from optout.programs import directory
from optout.programs.directory import Others, Sender
from tests.simulate.broken.patching import Patch, around


def order_of_arrival(patch: Patch) -> None:
    """No message ever comes late."""
    patch.setattr(consent, "comes_late", lambda consent, evidence: False)


def start_wins_a_tie(patch: Patch) -> None:
    """At the same moment, whoever comes last wins."""
    patch.setattr(consent, "comes_late", lambda one, said: one is not None and said.at < one.at)


def lost_to_a_clock(patch: Patch) -> None:
    """A STOP whose own time cannot be believed is of the time at which it is recorded."""
    patch.setattr(decide, "UNBELIEVED", frozenset())


def report_of_now(patch: Patch) -> None:
    """A delivery report counts from its arrival."""
    made = evidence.report_evidence
    patch.setattr(
        handle,
        "report_evidence",
        lambda report, sender, now: replace(made(report, sender, now), at=now),
    )


def stop_all_is_stop(patch: Patch) -> None:
    """STOP ALL ends the list and nothing else."""
    patch.setattr(
        evidence, "requested_scopes", lambda intent, sender, at: consent.sender_scopes(sender)[:2]
    )


def reaches_nothing_else(patch: Patch) -> None:
    """A STOP ends its list, whatever its program says."""
    for module in (evidence, decide):
        patch.setattr(module, "reaching", lambda scopes, sender, at: scopes)


def reaches_too_early(patch: Patch) -> None:
    """The day from which a STOP ends everything is not waited for."""
    patch.setattr(Sender, "ends_everything", lambda self, at: self.everything_from is not None)


def word_is_start(patch: Patch) -> None:
    """A word that a program adds is about its sender, as START and STOP are."""

    def made(message: Callable[..., Evidence | None]) -> Callable[..., Evidence | None]:
        def as_start(said: InboundSms, match: Match, sender: Sender, now: datetime) -> Evidence | None:
            keywords = sender.rules.keywords.items()
            without = {name: replace(each, list=None) for name, each in keywords}
            rules = replace(sender.rules, keywords=without)
            return message(said, match, replace(sender, rules=rules), now)

        return as_start

    around(patch, handle, "message_evidence", made)


def partner_blocks_nothing(patch: Patch) -> None:
    """What ACS blocks on a partner's number is taken for ours to lift."""

    def made(blocker: Callable[..., Party]) -> Callable[..., Party]:
        return lambda message, keyword, sender: (
            Party.SERVICE if sender.via else blocker(message, keyword, sender)
        )

    around(patch, evidence, "_blocker", made)


def unnamed_by_itself(patch: Patch) -> None:
    """A sender that no program names is on a list of its own, although there is one for all."""
    around(
        patch, directory, "_unconfigured", lambda made: lambda sender, others: made(sender, Others())
    )


def second_stop_begins_anew(patch: Patch) -> None:
    """A second STOP moves the beginning of the opt-out."""

    def made(advance: Callable[..., Consent]) -> Callable[..., Consent]:
        def anew(before: Consent | None, said: Evidence, scope: Scope) -> Consent:
            after = advance(before, said, scope)
            return replace(after, since=after.at) if after.out else after

        return anew

    around(patch, consent, "advance", made)


def forgotten_block(patch: Patch) -> None:
    """A carrier's block is not remembered after another opt-out."""

    def made(advance: Callable[..., Consent]) -> Callable[..., Consent]:
        def forgetful(before: Consent | None, said: Evidence, scope: Scope) -> Consent:
            is_again = before is not None and before.out and said.intent.opts_out
            anew = advance(None, said, scope)
            return (
                replace(anew, since=before.since)
                if before and is_again
                else advance(before, said, scope)
            )

        return forgetful

    around(patch, consent, "advance", made)


def lifted_carrier_block(patch: Patch) -> None:
    """Whoever enters an opt-in by hand lifts a carrier's block."""
    patch.setattr(Evidence, "needs_no_block", property(lambda self: False))


def lift_anything(patch: Patch) -> None:
    """A verdict lifts a request although the person's own STOP stands beside it."""
    patch.setattr(consent.Timeline, "rests_on", lambda self, scope, judged: True)


def any_text_is_the_same(patch: Patch) -> None:
    """Another text under the id of a message is not looked at."""
    patch.setattr(handle, "says_the_same", lambda said, recorded: True)


RULES = (
    order_of_arrival,
    start_wins_a_tie,
    lost_to_a_clock,
    report_of_now,
    stop_all_is_stop,
    reaches_nothing_else,
    reaches_too_early,
    word_is_start,
    partner_blocks_nothing,
    unnamed_by_itself,
    second_stop_begins_anew,
    forgotten_block,
    lifted_carrier_block,
    lift_anything,
    any_text_is_the_same,
)
