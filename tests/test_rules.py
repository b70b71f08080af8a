"""The keyword rules: every kind of sender of the data, and who recognises, blocks and answers."""

from datetime import UTC, datetime

import pytest

from optout.domain.enums import Intent, NumberType, Party, Via
from optout.domain.text import comparison_key
from optout.language import rules
from optout.language.rules import KeywordEntry, Ruleset, SenderKind

TOLL_FREE, SHORT_CODE = NumberType.TOLL_FREE, NumberType.SHORT_CODE
LONG_CODE, ALPHANUMERIC = NumberType.LONG_CODE, NumberType.ALPHANUMERIC
CARRIER, PLATFORM, SERVICE, NOBODY = Party.CARRIER, Party.PLATFORM, Party.SERVICE, Party.NOBODY

# The words that stop by themselves in the US and, by the house rule, everywhere.
US_STOPS = ("STOP", "QUIT", "END", "REVOKE", "OPT OUT", "CANCEL", "UNSUBSCRIBE")
STOPS = (*US_STOPS, "ARRET", "STOP ALL")

# Azure Communication Services SMS FAQ, opt-outs for toll-free numbers.
CARRIER_STOP = (
    "NETWORK MSG: You replied with the word STOP, which blocks all texts sent from this number. "
    "Text back UNSTOP to receive messages again."
)
CARRIER_START = (
    "NETWORK MSG: You have replied UNSTOP and will begin receiving messages again from this number."
)

# Word: (intent, blocked by, answered by).
Expected = dict[str, tuple[Intent, Party, Party]]


def words(*texts: str, intent: Intent, blocked: Party = SERVICE, answered: Party = SERVICE) -> Expected:
    return dict.fromkeys(texts, (intent, blocked, answered))


def stops(answered: Party = SERVICE) -> Expected:
    """The words that opt out everywhere, with our block."""
    return {
        **words(*US_STOPS, "ARRET", intent=Intent.STOP, answered=answered),
        **words("STOP ALL", intent=Intent.STOP_ALL, answered=answered),
    }


def starts(*texts: str, answered: Party = SERVICE) -> Expected:
    return words(*texts, intent=Intent.START, answered=answered)


def helps(*texts: str, answered: Party = SERVICE) -> Expected:
    return words(*texts, intent=Intent.HELP, answered=answered)


BY_CARRIER = {
    **words("STOP", intent=Intent.STOP, blocked=CARRIER, answered=CARRIER),
    **starts("START", "UNSTOP", answered=CARRIER),
}
TOLL_FREE_WORDS = stops() | BY_CARRIER | helps("HELP")
UNKNOWN = stops(NOBODY) | starts("START", "UNSTOP", answered=NOBODY) | helps("HELP", answered=NOBODY)

CONFIGURED: list[tuple[NumberType, str | None, Party, str, Expected]] = [
    (TOLL_FREE, "US", CARRIER, "toll_free", TOLL_FREE_WORDS),
    (TOLL_FREE, "CA", CARRIER, "toll_free", TOLL_FREE_WORDS),
    (TOLL_FREE, "PR", CARRIER, "toll_free", TOLL_FREE_WORDS),
    (
        SHORT_CODE,
        "US",
        PLATFORM,
        "us.short_code.platform",
        stops()
        | words(*US_STOPS, intent=Intent.STOP, blocked=PLATFORM, answered=PLATFORM)
        | starts("START", answered=PLATFORM)
        | starts("UNSTOP", answered=NOBODY)
        | helps("HELP", answered=PLATFORM),
    ),
    (
        SHORT_CODE,
        "US",
        SERVICE,
        "us.short_code.service",
        stops() | starts("START", "UNSTOP") | helps("HELP"),
    ),
    (
        SHORT_CODE,
        "CA",
        SERVICE,
        "ca.short_code",
        stops() | starts("START") | helps("HELP", "INFO", "AIDE"),
    ),
    (SHORT_CODE, "GB", SERVICE, "gb.short_code", stops() | starts("START") | helps("HELP")),
    (LONG_CODE, "US", SERVICE, "us.long_code", stops() | starts("START", "UNSTOP") | helps("HELP")),
    (ALPHANUMERIC, "GB", SERVICE, "alphanumeric", stops(NOBODY)),
    (ALPHANUMERIC, None, SERVICE, "alphanumeric", stops(NOBODY)),
]

UNCONFIGURED: list[tuple[NumberType, str | None, str, Expected]] = [
    (TOLL_FREE, "US", "toll_free", UNKNOWN | BY_CARRIER),
    (TOLL_FREE, "CA", "toll_free", UNKNOWN | BY_CARRIER),
    (TOLL_FREE, "GB", "unconfigured", UNKNOWN),
    (SHORT_CODE, None, "unconfigured", UNKNOWN | helps("INFO", "AIDE", answered=NOBODY)),
    (LONG_CODE, "US", "us.long_code", UNKNOWN),
    (LONG_CODE, "GB", "long_code", UNKNOWN),
    (LONG_CODE, None, "long_code", UNKNOWN),
    (LONG_CODE, "SE", "se.long_code", UNKNOWN | words("STOPP", intent=Intent.STOP, answered=NOBODY)),
    (ALPHANUMERIC, None, "alphanumeric", UNKNOWN),
]

MESSAGING_CONNECT: list[tuple[NumberType, str, str, Expected]] = [
    *(
        (
            LONG_CODE,
            country,
            "messaging_connect.long_code",
            stops()
            | words(*US_STOPS, "ARRET", intent=Intent.STOP, blocked=PLATFORM, answered=NOBODY)
            | starts("START", "UNSTOP", answered=NOBODY)
            | helps("HELP"),
        )
        for country in ("US", "GB", "FR", "DK", "BR")
    ),
    (ALPHANUMERIC, "DK", "messaging_connect.alphanumeric", stops(NOBODY)),
]

NOT_DESCRIBED = [
    (TOLL_FREE, "GB", CARRIER),
    (TOLL_FREE, "US", SERVICE),
    (TOLL_FREE, "US", PLATFORM),
    (SHORT_CODE, "CA", PLATFORM),
    (SHORT_CODE, "GB", PLATFORM),
    (SHORT_CODE, "AT", SERVICE),
    (SHORT_CODE, None, SERVICE),
    (LONG_CODE, "US", PLATFORM),
    (ALPHANUMERIC, "GB", PLATFORM),
]

KINDS = list(rules.sender_kinds().values())
ENTRIES = [(kind, entry) for kind in KINDS for entry in kind.keyword]


def table(ruleset: Ruleset) -> Expected:
    """What a set of rules says of each word."""
    return {
        keyword.word: (keyword.intent, keyword.blocked_by, keyword.answered_by)
        for keyword in ruleset.keywords.values()
    }


@pytest.mark.parametrize(
    ("number_type", "country", "managed_by", "kind", "expected"),
    CONFIGURED,
    ids=[f"{type_}-{country}-{manager}" for type_, country, manager, _, _ in CONFIGURED],
)
def test_configured_senders(
    number_type: NumberType, country: str | None, managed_by: Party, kind: str, expected: Expected
) -> None:
    """Each kind of sender has the words, blocks and answers of the table, and no others."""
    found = rules.choose(number_type, country, managed_by)
    assert found is not None
    assert found.id == kind
    assert table(found) == expected


@pytest.mark.parametrize(
    ("number_type", "country", "kind", "expected"),
    MESSAGING_CONNECT,
    ids=[f"{type_}-{country}" for type_, country, *_ in MESSAGING_CONNECT],
)
def test_senders_of_a_partner(
    number_type: NumberType, country: str, kind: str, expected: Expected
) -> None:
    """In every country ACS blocks after its ten words and answers none of them; what the country adds
    is ours, and opts nobody in."""
    (manager,) = rules.managers(number_type, country, Via.MESSAGING_CONNECT)
    found = rules.choose(number_type, country, manager, Via.MESSAGING_CONNECT)
    assert found is not None
    assert found.id == kind
    said = table(found)
    assert said.items() >= expected.items()
    assert {word for word, says in said.items() if says[1] is PLATFORM} <= {*US_STOPS, "ARRET"}
    opt_ins = {word for word, says in said.items() if says[0] is Intent.START}
    assert opt_ins == {"START", "UNSTOP"} & {*expected}
    assert found.reach is None


def test_a_countrys_own_words_beside_a_partners() -> None:
    """Its opt-out and help words count; its opt-in words would let in nobody whom ACS blocks."""
    own = rules.sender_kinds()["messaging_connect.long_code"]
    entries = {
        word: KeywordEntry(words=(word,), intent=intent, language="da")
        for word, intent in (
            ("AFMELD", Intent.STOP), ("TILMELD", Intent.START), ("HJÆLP", Intent.HELP)
        )
    }  # fmt: skip
    common = own.model_copy(update={"via": None, "keyword": tuple(entries.values())})
    (kept,) = rules._beside(own, [common])
    assert kept.keyword == (entries["AFMELD"], entries["HJÆLP"])
    (kept,) = rules._beside(rules.sender_kinds()["messaging_connect.alphanumeric"], [common])
    assert kept == common


def test_a_partners_kinds_are_for_its_numbers_alone() -> None:
    """A number of ACS's own has nothing of them, and what partners do not have is not described."""
    for number_type in NumberType:
        for country in ("US", "GB", "FR", None):
            found = rules.unconfigured(number_type, country)
            assert not any("messaging" in keyword.rule for keyword in found.keywords.values())
    for number_type in (TOLL_FREE, SHORT_CODE):
        assert rules.managers(number_type, "US", Via.MESSAGING_CONNECT) == ()
        for party in Party:
            assert rules.choose(number_type, "US", party, Via.MESSAGING_CONNECT) is None


@pytest.mark.parametrize(
    ("number_type", "country", "kind", "expected"),
    UNCONFIGURED,
    ids=[f"{type_}-{country}" for type_, country, _, _ in UNCONFIGURED],
)
def test_unconfigured_senders(
    number_type: NumberType, country: str | None, kind: str, expected: Expected
) -> None:
    """A sender without a program has the words of what it shows; only its carrier answers."""
    found = rules.unconfigured(number_type, country)
    assert found.id == kind
    # A short code has the words of every country, also of those that are yet to come.
    assert table(found).items() >= expected.items()
    assert number_type is SHORT_CODE or table(found) == expected


def test_an_unconfigured_short_code_has_every_countrys_words() -> None:
    """A short code shows no country, so no country's word is missed."""
    found = rules.unconfigured(SHORT_CODE, None)
    for kind in KINDS:
        if kind.number_type is SHORT_CODE:
            for entry in kind.keyword:
                for word in entry.words:
                    keyword = found.keyword(word)
                    assert keyword is not None
                    assert keyword.intent is entry.intent


@pytest.mark.parametrize(("number_type", "country", "managed_by"), NOT_DESCRIBED)
def test_what_no_kind_describes(
    number_type: NumberType, country: str | None, managed_by: Party
) -> None:
    """A sender that cannot be has no rules."""
    assert rules.choose(number_type, country, managed_by) is None


@pytest.mark.parametrize(
    ("word", "text"), [("STOP", CARRIER_STOP), ("START", CARRIER_START), ("UNSTOP", CARRIER_START)]
)
@pytest.mark.parametrize("configured", [True, False])
def test_the_carriers_texts(word: str, text: str, configured: bool) -> None:
    """Word for word as the FAQ quotes them."""
    found = (
        rules.choose(TOLL_FREE, "US", CARRIER) if configured else rules.unconfigured(TOLL_FREE, "US")
    )
    assert found is not None
    keyword = found.keyword(word)
    assert keyword is not None
    assert keyword.reply == text


def test_only_the_carrier_has_fixed_texts() -> None:
    """Every other answer is the program's own."""
    fixed = {(kind.id, word) for kind, entry in ENTRIES if entry.reply for word in entry.words}
    assert fixed == {("toll_free", "STOP"), ("toll_free", "START"), ("toll_free", "UNSTOP")}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.id)
def test_kinds(kind: SenderKind) -> None:
    """A kind names its source and a day that has been, and each word once."""
    assert kind.source.strip() == kind.source
    assert kind.reviewed <= datetime.now(UTC).date()
    keys = [comparison_key(word) for entry in kind.keyword for word in entry.words]
    assert all(keys)
    assert len(set(keys)) == len(keys)
    # Of a kind that says only whom its senders reach, the words are those of any country.
    assert kind.keyword or kind.reach or kind.via or kind.id in ("house", "unconfigured")
    assert (kind.number_type is None) == (kind.managed_by is None)


@pytest.mark.parametrize(
    ("kind", "entry"), ENTRIES, ids=[f"{kind.id}-{entry.words[0]}" for kind, entry in ENTRIES]
)
def test_entries(kind: SenderKind, entry: KeywordEntry) -> None:
    """A word means something; who blocks is who manages or us; a fixed text is somebody else's."""
    assert entry.intent is not Intent.NONE
    assert all(word == word.strip().upper() for word in entry.words)
    assert entry.blocked_by in (kind.managed_by, SERVICE)
    assert entry.blocked_by is SERVICE or entry.intent.opts_out
    assert entry.answered_by in (kind.managed_by, SERVICE, NOBODY)
    assert entry.reply is None or entry.answered_by.is_external
    assert not entry.may_be_answered or entry.answered_by is NOBODY


@pytest.mark.parametrize("word", STOPS)
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.number_type], ids=lambda kind: kind.id)
def test_the_words_that_count_everywhere(kind: SenderKind, word: str) -> None:
    """No kind loses an opt-out word of the house rule."""
    assert kind.number_type is not None
    assert kind.managed_by is not None
    country = next(iter(kind.countries), None)
    found = rules.choose(kind.number_type, country, kind.managed_by, kind.via)
    assert found is not None
    keyword = found.keyword(word)
    assert keyword is not None
    assert keyword.intent.opts_out


@pytest.mark.parametrize(
    ("word", "language"),
    [("STOP", "en"), ("ARRET", "fr"), ("START", "en"), ("HELP", "en"), ("INFO", "en"), ("AIDE", "fr")],
)
def test_languages(word: str, language: str) -> None:
    """In Canada each word is answered in its own language."""
    found = rules.choose(SHORT_CODE, "CA", SERVICE)
    assert found is not None
    keyword = found.keyword(word)
    assert keyword is not None
    assert keyword.language == language


def test_a_rule_names_kind_and_word() -> None:
    """What a match's rule points to can be found in the data."""
    for _, country, managed_by, kind, _ in CONFIGURED:
        found = rules.choose(rules.sender_kinds()[kind].number_type or LONG_CODE, country, managed_by)
        assert found is not None
        for keyword in found.keywords.values():
            origin, word = keyword.rule.split(":")
            assert origin in (kind, "long_code", "house")
            assert word in [
                each for entry in rules.sender_kinds()[origin].keyword for each in entry.words
            ]


def test_countries() -> None:
    """The countries that a remedy may name."""
    assert {"CA", "GB", "US"} <= set(rules.with_rules(SHORT_CODE))
    assert rules.with_rules(ALPHANUMERIC) == ()


@pytest.mark.parametrize("text", ["", "!", "🛑", None])
def test_no_word_is_no_keyword(text: str | None) -> None:
    """A text without a letter is no keyword of any rules."""
    assert rules.unconfigured(SHORT_CODE, None).keyword(text) is None
