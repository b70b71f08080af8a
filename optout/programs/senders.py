"""Problems with a sender: its number, its country, who manages opt-out, what it must state."""

import re
from collections.abc import Iterator

from optout.domain import numbers
from optout.domain.enums import NumberType, Party
from optout.language import rules
from optout.programs.findings import Problem, listed, quoted
from optout.programs.schema import TRIAL, SenderEntry, no_country

_STATED_BY = {
    "verified": NumberType.TOLL_FREE,
    "registered_in": NumberType.ALPHANUMERIC,
    "opt_out_by": NumberType.ALPHANUMERIC,
    "replaced_by": NumberType.ALPHANUMERIC,
}


def problems(entry: SenderEntry) -> Iterator[Problem]:
    """What cannot be right about a sender."""
    if entry.trial:
        yield TRIAL
        return
    unknown = [code for code in _countries(entry) if not numbers.is_country(code)]
    if unknown:
        yield from map(no_country, unknown)
        return
    problem = _NUMBER_PROBLEM[entry.type](entry)
    if problem:
        yield problem
    elif entry.via is None and rules.choose(entry.type, entry.place, entry.manager) is None:
        yield _no_rules(entry)
    yield from _via(entry)
    if entry.type is NumberType.TOLL_FREE:
        given = set().union(*entry.replies.given().values())
        yield from (carrier_text(name) for name in ("stop", "start") if name in given)
    if entry.answers and entry.manager is Party.PLATFORM and entry.via is None:
        yield _PLATFORM_ANSWERS
    if entry.type is NumberType.ALPHANUMERIC:
        yield from filter(None, map(_replacement_problem, entry.replacements))
    for field, number_type in _STATED_BY.items():
        if getattr(entry, field) is not None and entry.type is not number_type:
            yield _misplaced(field, number_type)


def _via(entry: SenderEntry) -> Iterator[Problem]:
    """What cannot be right about how ACS has a number that is not its own."""
    if entry.via is None:
        if entry.partner is not None:
            yield _PARTNER_ALONE
        return
    if rules.choose(entry.type, entry.place, entry.manager, entry.via) is None:
        yield Problem(
            "via",
            f"{described(entry)} via {entry.via}, which has only long codes and sender IDs",
            "Remove via, or correct the type.",
        )
    if entry.managed_by is not None:
        yield Problem(
            "via",
            f"managed_by is set, but via = {quoted([entry.via])[0]} says already who manages opt-out "
            f"here: the {entry.manager}",
            "Remove managed_by, or remove via if the number is ACS's own.",
        )


def advice(entry: SenderEntry, *, has_links: bool = False) -> Iterator[Problem]:
    """What a sender should state but does not; `has_links`: each message has its recipient's link."""
    # If the service answers in the carrier's place, there is no carrier that could block.
    if entry.type is NumberType.TOLL_FREE and not entry.verified and entry.answers != "service":
        yield _unverified(entry)
    if entry.type is NumberType.ALPHANUMERIC:
        missing = _unregistered(entry)
        if missing:
            yield missing
        if entry.opt_out_by is None and not has_links:
            yield _NO_WAY_OUT


def claim(entry: SenderEntry) -> tuple[str, str | None]:
    """What belongs to one sender only: a number or sender ID; of a short code the digits in a country,
    since nobody outside of it can text them."""
    is_short_code = entry.type is NumberType.SHORT_CODE
    return numbers.sender_id(entry.number), entry.place if is_short_code else None


def carrier_text(name: str) -> Problem:
    """The problem with a reply text for a word that the carrier answers."""
    word = {"stop": "STOP", "start": "START and UNSTOP"}[name]
    return Problem(
        "carrier_text",
        f"a custom {name} reply for a toll-free number: the carrier answers {word}, and its text "
        "cannot be overridden",
        f"Remove replies.{name} here; the program's stop reply is used for the words that the "
        "carrier does not know.",
    )


_PARTNER_ALONE = Problem(
    "misplaced_field",
    "partner does not apply to a number of ACS's own",
    'Remove it, or add via = "messaging_connect".',
)
_PLATFORM_ANSWERS = Problem(
    "answers",
    "answers is set, but the platform, ACS, manages opt-out here and answers",
    'Remove answers, or write managed_by = "service".',
)
_NOT_E164 = Problem(
    "phone_number_form",
    "not a phone number in international form",
    'Write it with a plus sign and country code, for example number = "+18335550100".',
)
_NO_WAY_OUT = Problem(
    "sender_id_opt_out",
    "nobody can reply to a sender ID, and it is not stated how its recipients opt out",
    'Tell them in every message, and write it here, for example opt_out_by = "call 0800 800 8000"; or '
    "put each one's link into it, and write links = true.",
)


def _countries(entry: SenderEntry) -> tuple[str, ...]:
    return (*([entry.place] if entry.place else []), *(entry.registered_in or ()))


def _misplaced(field: str, number_type: NumberType) -> Problem:
    return Problem(
        "misplaced_field",
        f"{field} does not apply to a sender of this type",
        f'Remove it, or correct the type: it belongs to type = "{number_type}".',
    )


def _unverified(entry: SenderEntry) -> Problem:
    stated = "it is not stated that" if entry.verified is None else "it is stated that"
    negated = "" if entry.verified is None else "not "
    return Problem(
        "toll_free_unverified",
        f"{stated} this toll-free number is {negated}verified: unverified traffic is blocked",
        "Submit the toll-free verification form in the Azure portal; write verified = true when its "
        "status is Verified.",
    )


def _unregistered(entry: SenderEntry) -> Problem | None:
    """The registries that a sender ID may need; one without a country may be used anywhere."""
    registered = entry.registered_in or ()
    if entry.country is None and registered:
        return None
    registries = {code: known.registry for code, known in rules.countries().items() if known.registry}
    goes_to = registries if entry.country is None else {entry.country}
    missing = [code for code in registries if code in goes_to and code not in registered]
    if not missing:
        return None
    return Problem(
        "sender_id_unregistered",
        f"it is not stated that this sender ID is registered in {listed(missing)}, where "
        "unregistered ones are blocked or marked as spam",
        f"Submit the registration form; write registered_in = [{', '.join(quoted(missing))}] when it "
        "is approved."
        + ("" if entry.country else " If it does not go there, write the country that it goes to."),
        "; ".join(registries[code].source for code in missing),
    )


def _replacement_problem(replacement: SenderEntry) -> Problem | None:
    """What cannot be right about a number that replaces a sender ID."""
    number = _e164(replacement)
    if number is not None and rules.choose(replacement.type, replacement.place, replacement.manager):
        return None
    return Problem(
        "replaced_by_form",
        f"{replacement.number} in replaced_by is not a phone number in international form",
        "Write the number that people see in place of the sender ID, as "
        'replaced_by = ["+447400123456"].',
    )


def _short_code_problem(entry: SenderEntry) -> Problem | None:
    if "+" in entry.number:
        return Problem(
            "short_code_form",
            "a short code has no plus sign and no country code",
            f'Write number = "{entry.number.replace("+", "")}".',
        )
    digits = rules.short_code_digits(entry.country) or (
        numbers.SHORT_CODE_DIGITS if entry.country else (5, 6)
    )
    if not re.fullmatch(r"[0-9]+", entry.number) or len(entry.number) not in digits:
        place = f" of {rules.country_name(entry.country)}" if entry.country else ""
        return Problem(
            "short_code_form",
            f"a short code{place} has {listed(map(str, digits), 'or')} digits and nothing else",
            "Copy it from the short codes page of your Azure Communication Services resource.",
        )
    if entry.country is None:
        return Problem(
            "short_code_country",
            "a short code reaches only one country, and none is given",
            f"Add country = {listed(quoted(rules.with_rules(NumberType.SHORT_CODE)), 'or')}.",
        )
    return None


def _toll_free_problem(entry: SenderEntry) -> Problem | None:
    number = _e164(entry)
    if number is None:
        return _NOT_E164
    is_toll_free = numbers.describe(number)[0] is NumberType.TOLL_FREE
    has_rules = entry.place in rules.with_rules(NumberType.TOLL_FREE)
    if not is_toll_free or (has_rules and not _has_code_of(number, entry.place)):
        return Problem(
            "number_type",
            f"this number does not have a toll-free prefix of {rules.country_name(entry.place)}",
            'Correct the number, or write type = "long_code" if it is an ordinary one.',
        )
    return None


def _long_code_problem(entry: SenderEntry) -> Problem | None:
    number = _e164(entry)
    if number is None:
        return _NOT_E164
    number_type, shown = numbers.describe(number)
    has_rules = shown in rules.with_rules(NumberType.TOLL_FREE)
    if number_type is NumberType.TOLL_FREE and has_rules:
        return Problem("number_type", "this number is toll-free", 'Write type = "toll_free".')
    if entry.place is None:
        return Problem(
            "long_code_country",
            "the number does not show which country it is of",
            "Write the country, or correct the number.",
        )
    if shown in (entry.place, None) and _has_code_of(number, entry.place):
        return None
    return Problem(
        "long_code_country",
        f"this is not a number of {rules.country_name(entry.place)}",
        "Correct the number or the country; the country may be left out where the number shows it.",
    )


def _has_code_of(number: str, country: str | None) -> bool:
    """Whether a number begins with a country's calling code, which other countries may share."""
    return country is not None and numbers.country_code(number) == numbers.calling_code(country)


def _sender_id_problem(entry: SenderEntry) -> Problem | None:
    if len(entry.number) > 11:
        return Problem(
            "sender_id_form",
            f"a sender ID of {len(entry.number)} characters; at most 11 are allowed",
            "Shorten it to the sender ID that is enabled on your resource.",
        )
    if not re.fullmatch(r"[A-Za-z0-9 ]+", entry.number):
        return Problem(
            "sender_id_form",
            "a sender ID with characters other than A-Z, a-z, 0-9 and space",
            "Write the sender ID that is enabled on your resource.",
        )
    if not re.search(r"[A-Za-z]", entry.number):
        return Problem(
            "sender_id_form",
            "a sender ID without a letter",
            "Add a letter, or correct the type: digits alone are a short code.",
        )
    return None


_NUMBER_PROBLEM = {
    NumberType.SHORT_CODE: _short_code_problem,
    NumberType.TOLL_FREE: _toll_free_problem,
    NumberType.LONG_CODE: _long_code_problem,
    NumberType.ALPHANUMERIC: _sender_id_problem,
}


def _e164(entry: SenderEntry) -> str | None:
    try:
        number = numbers.normalise(entry.number)
    except numbers.NotANumber:
        return None
    return number if number.startswith("+") else None


def _no_rules(entry: SenderEntry) -> Problem:
    managers = rules.managers(entry.type, entry.place)
    if managers:
        return Problem(
            "managed_by",
            f"the {entry.manager} does not manage opt-out for this sender",
            f"Remove managed_by: only the {listed(managers, 'or the')} manages opt-out for "
            f"{described(entry)}.",
        )
    known = rules.with_rules(entry.type)
    if entry.type is NumberType.TOLL_FREE:
        return Problem(
            "toll_free_reach",
            f"a toll-free number of {rules.country_name(entry.place)}",
            f"They reach only {listed(known)}: write country = {listed(quoted(known), 'or')}, or "
            'type = "long_code" if it is a number of another country.',
        )
    return Problem(
        "no_rules",
        f"there are no rules for type {entry.type} in {entry.place}",
        f"Correct the country: there are rules for {', '.join(known)}.",
    )


_DESCRIBED = {
    NumberType.SHORT_CODE: "a short code",
    NumberType.TOLL_FREE: "a toll-free number",
    NumberType.LONG_CODE: "a long code",
    NumberType.ALPHANUMERIC: "a sender ID",
}


def described(entry: SenderEntry) -> str:
    """A sender as it is called in a sentence, with its country if it has one."""
    kind = _DESCRIBED[entry.type]
    return f"{kind} of {rules.country_name(entry.place)}" if entry.place else kind
