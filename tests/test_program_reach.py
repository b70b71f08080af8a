"""What is said of a file about how far opt-outs reach, and about the words that a program adds."""

from datetime import date
from pathlib import Path

import pytest

from optout.domain.enums import Intent
from optout.language import rules
from optout.programs.check import Checked, check_file
from optout.programs.directory import Directory
from optout.programs.findings import Finding, Severity
from tests.support.program_files import LONG_CODE, SENDER_ID, SHORT_CODE, check, load, program, written

DAY = date(2027, 1, 31)
UK = SHORT_CODE.replace("US", "GB").replace("12345", "78787")
CANADIAN = SHORT_CODE.replace("US", "CA")
PARTNERS = 'number = "+4520123456"\ntype = "long_code"\nvia = "messaging_connect"'
ALERTS = program(LONG_CODE, name="Alerts")
CATCHES = '[unconfigured]\nlist = "others"\n'
STOP = "[program.replies]\nstop = "
ALL = "Contoso: You opted out of all messages and will not receive any more."


def keyword(words: str, intent: str = "start", rest: str = "") -> str:
    return f'[[program.keyword]]\nwords = [{words}]\nintent = "{intent}"\n{rest}\n'


def saying(keywords: str, sender: str = SHORT_CODE, rest: str = "") -> str:
    return program(sender, rest=rest + keywords)


# Situation, rule, file, and what is said of entry, problem and remedy.
FOUND: list[tuple[str, str, str, str, str, str]] = [
    (
        "a day without a reach",
        "reach_from_alone",
        program(SHORT_CODE, rest="reach_from = 2027-01-31"),
        'program "Contoso"', "nothing would change on that day", 'Add reach = "everything"',
    ),
    (
        "a day of a program that ends its list",
        "reach_from_alone",
        program(SHORT_CODE, rest='reach = "list"\nreach_from = 2027-01-31'),
        'program "Contoso"', "nothing would change", "remove it",
    ),
    (
        "a day for all",
        "reach_from_alone",
        "reach_from = 2027-01-31\n" + program(SHORT_CODE),
        "file", "nothing would change", 'Add reach = "everything"',
    ),
    (
        "a day of the others",
        "reach_from_alone",
        program(SHORT_CODE) + '[unconfigured]\nlist = "a"\nreach_from = 2027-01-31\n',
        "unconfigured", "nothing would change", 'Add reach = "everything"',
    ),
    (
        "a confirmation that names one of two programs",
        "stop_names_one",
        'reach = "everything"\n'
        + program(SHORT_CODE, rest=f'{STOP}"Contoso: You will receive no more messages."')
        + ALERTS,
        'program "Contoso", program.replies.stop', "names “Contoso” alone", "Say that all messages",
    ),
    (
        "a word that opts out",
        "keyword_opts_out",
        saying(keyword('"Stop!"')),
        'program "Contoso", keyword 1 (Stop!)', "opts out already", "another word",
    ),
    (
        "a word that opts out elsewhere",
        "keyword_opts_out",
        saying(keyword('"JOIN"') + keyword('"arrêt"', "stop")),
        'program "Contoso", keyword 2 (arrêt)', "opts out already", "another word",
    ),
    (
        "a word of the carrier's, on a code that no carrier answers",
        "keyword_of_others",
        saying(keyword('"UNSTOP"')),
        'program "Contoso", keyword 1 (UNSTOP)', "is acted on by the carrier", "another word",
    ),
    (
        "a word with another meaning in one of the countries",
        "keyword_known",
        program(
            SHORT_CODE, SHORT_CODE.replace("US", "CA").replace("1", "5"), rest=keyword('"INFO"')
        ),
        'program "Contoso", keyword 1 (INFO)', "means something else", "docs/rules.md",
    ),
    (
        "a word with two meanings",
        "keyword_twice",
        saying(keyword('"JOIN"') + keyword('"join!"', "help")),
        'program "Contoso", keyword 2 (join!)', "also a word of", "remove one",
    ),
    (
        "a list that there is not",
        "keyword_list",
        saying(keyword('"JOIN"', rest='list = "news"\nreply = "Contoso: 3 msgs/week"')),
        'program "Contoso", keyword 1 (JOIN)', 'no list "news"', "leave it out",
    ),
    (
        "a word that opts out in another language",
        "keyword_opts_out",
        saying(keyword('"Abmelden"')),
        'program "Contoso", keyword 1 (Abmelden)', "opts out already", "another word",
    ),
    (
        "a word that opts out of another program",
        "keyword_opts_out",
        saying(keyword('"MUTE"')) + program(LONG_CODE, name="Alerts", rest=keyword('"mute!"', "stop")),
        'program "Contoso", keyword 1 (MUTE)', "opts out already, of program “Alerts”", "another word",
    ),
    (
        "a word of the same digits elsewhere",
        "keyword_twice",
        saying(keyword('"DEAL"')) + program(CANADIAN, name="Alerts", rest=keyword('"DEAL"', "help")),
        'program "Alerts", keyword 1 (DEAL)', 'also a word of program "Contoso", keyword 1 (DEAL)',
        "remove one",
    ),
    (
        "a word that ends another list of the same digits",
        "keyword_twice",
        saying(keyword('"MUTE"', "stop", 'list = "news"\nreply = "Contoso: out"'))
        + program(CANADIAN, name="Alerts", rest=keyword('"MUTE"', "stop"))
        + program(LONG_CODE, name="News"),
        'program "Alerts", keyword 1 (MUTE)', 'also a word of program "Contoso"', "remove one",
    ),
    (
        "a word with another meaning for the same digits",
        "keyword_known",
        saying(keyword('"INFO"')) + program(CANADIAN, name="Alerts"),
        'program "Contoso", keyword 1 (INFO)', "means something else", "docs/rules.md",
    ),
    (
        "a word with another meaning to a partner's number",
        "keyword_known",
        saying(keyword('"AYUDA"'), sender=PARTNERS.replace("+4520123456", "+17875550100")),
        'program "Contoso", keyword 1 (AYUDA)', "means something else", "docs/rules.md",
    ),
    (
        "a word with another meaning to a number in the place of a sender ID",
        "keyword_known",
        saying(keyword('"AYUDA"'), sender=f'{SENDER_ID}\nreplaced_by = ["+17875550100"]'),
        'program "Contoso", keyword 1 (AYUDA)', "means something else", "docs/rules.md",
    ),
    (
        "a word that reads as a request to stop",
        "keyword_reads_as_stop",
        saying(keyword('"NO MORE"')),
        'program "Contoso", keyword 1 (NO MORE)', "reads as a request to stop",
        "nobody takes for it",
    ),
    (
        "a word about another list",
        "keyword_unanswered",
        saying(keyword('"NEWS"', rest='list = "alerts"')) + ALERTS,
        'program "Contoso", keyword 1 (NEWS)', "nobody is answered", "Add reply",
    ),
    (
        "a question and no other confirmation",
        "stop_asks_again",
        saying(
            keyword('"JOIN"'),
            rest='replies.stop = "Contoso: No more messages. Reply JOIN to keep them."\n',
        ),
        'program "Contoso", program.replies.stop', "there is no stop_again", "which confirms",
    ),
    (
        "another confirmation that asks",
        "stop_asks_again",
        saying(
            keyword('"JOIN"'),
            rest='replies.stop_again = "Contoso: No more messages. Reply JOIN to keep them."\n',
        ),
        'program "Contoso", program.replies.stop_again', "is never sent", "Only confirm",
    ),
    (
        "a mark that is no word",
        "field",
        saying(keyword('"👍"')),
        'program "Contoso", keyword 1 (👍)', "no letter and no digit", "Write a word",
    ),
    (
        "a word without brackets",
        "field",
        program(SHORT_CODE, rest='[[program.keyword]]\nwords = "JOIN"\nintent = "start"'),
        'program "Contoso", keyword 1, program.keyword.words', "not a list", 'as ["JOIN"]',
    ),
    (
        "a word that stops all",
        "field",
        saying(keyword('"JOIN"', "stop_all")),
        'program "Contoso", keyword 1, program.keyword.intent',
        'there is no "stop_all"', 'Write "stop"',
    ),
    (
        "a day in quotes",
        "field",
        program(SHORT_CODE, rest='reach = "everything"\nreach_from = "2027-01-31"'),
        'program "Contoso", program.reach_from', "not a day", "without quotes",
    ),
    (
        "a reach that there is not",
        "field",
        "reach = 'sender'\n" + program(SHORT_CODE),
        "file, reach", 'there is no "sender"', 'Write "list"',
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("situation", "rule", "text", "entry", "problem", "remedy"), FOUND, ids=[row[0] for row in FOUND]
)
def test_what_is_found(
    situation: str, rule: str, text: str, entry: str, problem: str, remedy: str, tmp_path: Path
) -> None:
    """The entry, what is wrong and what to do, and nothing else; an error refuses the file."""
    checked = check(tmp_path, text)
    found = [*checked.errors, *checked.warnings]
    assert {finding.rule for finding in found} & {row[1] for row in FOUND} == {rule}
    (finding,) = [each for each in found if each.rule == rule]
    assert finding.entry == entry
    assert problem in finding.problem
    assert remedy in finding.remedy
    assert bool(checked.errors) is (finding.severity is Severity.ERROR)


def test_a_documented_word_is_refused_with_its_source(tmp_path: Path) -> None:
    """No word of any country's data that opts out, or that a carrier or ACS acts on, can be taken, with
    whatever meaning; who says so is the data's source."""
    for kind in rules.sender_kinds().values():
        for known in kind.keyword:
            if not (known.intent.opts_out or known.answered_by.is_external):
                continue
            for intent in (Intent.START, Intent.HELP, Intent.STOP):
                text = saying(keyword(", ".join(f'"{word}"' for word in known.words), intent))
                errors = check(tmp_path, text).errors
                assert len(errors) == len(known.words)
                sources = {each.source for each in rules.sender_kinds().values()}
                assert {error.source for error in errors} <= sources


GOOD = {
    "the words of the design": saying(keyword('"JOIN", "ALERTS"')),
    "help in the words of a country": saying(keyword('"INFO"', "help"), sender=UK),
    "a confirmation that says all": 'reach = "everything"\n'
    + program(SHORT_CODE, rest=f'{STOP}"{ALL}"')
    + ALERTS,
    "one word of the same digits in two countries": saying(keyword('"JOIN"'))
    + program(CANADIAN, name="Alerts", rest=keyword('"JOIN"')),
    "one word of two programs": saying(keyword('"DEAL"'))
    + program(LONG_CODE, name="Alerts", rest=keyword('"DEAL"', "help")),
    "one program": 'reach = "everything"\n'
    + program(SHORT_CODE, rest=f'{STOP}"Contoso: You will receive no more messages."'),
    "a name that all begin with": 'reach = "everything"\n'
    + program(SHORT_CODE, rest=f'{STOP}"Contoso: You will receive no more messages."')
    + program(LONG_CODE, name="Contoso-Alerts"),
    "a question and a confirmation": saying(
        keyword('"KEEP"', rest='list = "alerts"\nreply = "Contoso: 3 msgs/week, rates may apply"'),
        rest='replies.stop = "Contoso: No more messages. Reply KEEP for alerts."\n'
        'replies.stop_again = "Contoso: No more messages."\n',
    )
    + ALERTS,
}


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD)
def test_what_is_fine(text: str, tmp_path: Path) -> None:
    """Nothing about reach or words is said of it."""
    checked = check(tmp_path, text)
    assert not checked.errors
    rules_found = {warning.rule for warning in checked.warnings}
    assert not {rule for rule in rules_found if rule.startswith(("reach", "stop_", "keyword"))}


def due(checked: Checked) -> list[Finding]:
    return [finding for finding in checked.warnings if finding.rule == "reach_unsaid"]


@pytest.mark.parametrize(
    ("text", "today", "said"),
    [
        (program(SHORT_CODE), date(2026, 12, 1), False),
        (program(SHORT_CODE), date(2026, 12, 2), True),
        (program(SHORT_CODE), DAY, True),
        (program(SHORT_CODE), date(2030, 1, 1), True),
        (program(UK), DAY, False),
        (program(SHORT_CODE, rest='reach = "list"'), DAY, False),
        (program(SHORT_CODE, rest='reach = "everything"\nreach_from = 2027-01-31'), DAY, False),
        ('reach = "everything"\n' + program(SHORT_CODE), DAY, False),
        # A toll-free number of another country reaches people there, too.
        (program('number = "+18335550100"\ntype = "toll_free"\ncountry = "CA"'), DAY, True),
        (program(), DAY, False),
        # Of senders that no program names, some may be where others of the file are.
        (program(SHORT_CODE, rest='reach = "everything"') + CATCHES, DAY, True),
        (program(SHORT_CODE, rest='reach = "list"') + CATCHES + 'reach = "list"\n', DAY, False),
        ('reach = "list"\n' + program(SHORT_CODE) + CATCHES, DAY, False),
        (program(UK) + CATCHES, DAY, False),
    ],
)
def test_a_day_that_comes_near(text: str, today: date, said: bool, tmp_path: Path) -> None:
    """From sixty days before, a program whose senders are there and that says nothing is told, with who
    asks for it; without a day, nothing is said."""
    path = written(tmp_path, text)
    found = due(check_file(path, today))
    assert bool(found) is said
    for finding in found:
        assert "2027-01-31" in finding.problem
        assert "FCC DA 26-12" in finding.source
        assert "docs/revocation.md" in finding.remedy
    assert not due(check_file(path))


def test_the_day_is_data() -> None:
    """Each day has its source, and docs/revocation.md names it."""
    document = (Path(__file__).parent.parent / "docs/revocation.md").read_text("utf-8")
    asked = [country.revocation for country in rules.countries().values() if country.revocation]
    assert asked
    for revocation in asked:
        assert f"{revocation.day.day} {revocation.day:%B %Y}" in document
        assert revocation.reviewed >= date(2026, 11, 21)


def test_the_start_says_it(tmp_path: Path) -> None:
    """The programs that are loaded on a day have the advice of that day."""
    path = written(tmp_path, program(SHORT_CODE))
    assert [advice.rule for advice in Directory.load(path, DAY).advice] == ["reach_unsaid"]
    assert not load(tmp_path, program(SHORT_CODE)).advice
