"""The form of a program file: its tables, fields and values, and that each of them is documented."""

from pathlib import Path

import pytest
from pydantic import BaseModel

from optout import settings
from optout.domain.enums import NumberType, Party, ProbablePolicy
from optout.domain.errors import ConfigurationError
from optout.programs import schema
from optout.programs.directory import Directory
from tests.support.program_files import (
    LONG_CODE,
    SENDER_ID,
    SHORT_CODE,
    TOLL_FREE,
    Mistake,
    assert_refused,
    program,
    refused,
)

DOCUMENT = (settings.ROOT / "docs/programs.md").read_text("utf-8")

REFUSED: list[Mistake] = [
    (
        "a trial number by its type",
        "trial_number",
        program(TOLL_FREE.replace("toll_free", "trial")),
        "sender 1 (+18335550100)", "trial phone number", "Get a number with SMS",
    ),
    (
        "a trial number by its field",
        "trial_number",
        program(f"{TOLL_FREE}\ntrial = true"),
        "sender 1 (+18335550100)", "trial phone number", "Get a number with SMS",
    ),
    (
        "a mistyped value",
        "field",
        program(SHORT_CODE.replace("short_code", "shortcode")),
        "sender 1 (12345), program.sender.type", 'there is no "shortcode"', 'Write "short_code";',
    ),
    (
        "a value that is like none",
        "field",
        program(SHORT_CODE.replace("short_code", "x")),
        "sender 1 (12345), program.sender.type", 'there is no "x"', 'Write "toll_free", "short_code", ',
    ),
    (
        "an unknown field",
        "field",
        program(f'{SHORT_CODE}\nlanguage = "en"'),
        "sender 1 (12345), program.sender.language", "no such field", "correct its spelling",
    ),
    (
        "an unknown field of a program",
        "field",
        program(rest="color = 1"),
        'program "Contoso", program.color', "no such field", "correct its spelling",
    ),
    (
        "an unknown table",
        "field",
        "[[programs]]\nname = 1",
        "programs", "no such field", "correct its spelling",
    ),
    (
        "no number",
        "field",
        program('type = "long_code"'),
        'program "Contoso", sender 1 (no number), program.sender.number', "is missing", "Add it",
    ),
    (
        "no list",
        "field",
        '[[program]]\nname = "Contoso"',
        'program "Contoso", program.list', "is missing", "Add it",
    ),
    (
        "no name",
        "field",
        '[[program]]\nlist = "contoso"',
        'program "1", program.name', "is missing", "Add it",
    ),
    (
        "a number without quotes",
        "field",
        program(SHORT_CODE.replace('"12345"', "12345")),
        "sender 1 (12345), program.sender.number", "it is not text", "Write it in quotes",
    ),
    (
        "country UK",
        "country",
        program(SHORT_CODE.replace("US", "UK")),
        "sender 1 (12345)", 'no country "UK"', 'Write "GB"',
    ),
    (
        "country UK of a sender ID",
        "country",
        program(f'{SENDER_ID}\ncountry = "UK"'),
        "sender 1 (Contoso)", 'no country "UK"', 'Write "GB"',
    ),
    (
        "a country in words",
        "country",
        program(SHORT_CODE.replace("US", "Canada")),
        "sender 1 (12345)", 'no country "Canada"', "ISO 3166",
    ),
    (
        "an unknown type",
        "field",
        program(SHORT_CODE.replace("short_code", "shortcode")),
        "sender 1 (12345), program.sender.type", '"short_code"', "docs/programs.md",
    ),
    (
        "an unknown manager",
        "field",
        program(f'{SHORT_CODE}\nmanaged_by = "acs"'),
        "sender 1 (12345), program.sender.managed_by", '"platform"', "docs/programs.md",
    ),
    (
        "an unknown reply",
        "field",
        program(SHORT_CODE, rest='replies.unstop = "Hi"'),
        'program "Contoso", program.replies.unstop', "no such field", "correct its spelling",
    ),
    (
        "an unknown reply of a language",
        "field",
        program(SHORT_CODE, rest='replies.fr.unstop = "Salut"'),
        'program "Contoso", program.replies.fr.unstop', "no such field", "correct its spelling",
    ),
    (
        "a language in words",
        "field",
        program(SHORT_CODE, rest='replies.french.stop = "Adieu"'),
        'program "Contoso", program.replies.french', "no such field", "correct its spelling",
    ),
    (
        "an empty reply",
        "field",
        program(SHORT_CODE, rest='replies.stop = " "'),
        'program "Contoso", program.replies.stop', "is empty", "Write some text",
    ),
    (
        "replies that are no table",
        "field",
        program(SHORT_CODE, rest='replies = "Hi"'),
        'program "Contoso", program.replies', "not a table", "Write it as a table",
    ),
    (
        "a list with a colon",
        "field",
        program(SHORT_CODE).replace('list = "contoso"', 'list = "sender:12345"'),
        'program "Contoso", program.list', "it is not a valid list name", "lower-case letters",
    ),
    (
        "a former list without brackets",
        "field",
        program(SHORT_CODE, rest='formerly = "old"'),
        'program "Contoso", program.formerly', "not a list", 'as ["old"]',
    ),
    (
        "a former list with a colon",
        "field",
        program(SHORT_CODE, rest='formerly = ["old", "sender:12345"]'),
        'program "Contoso", program.formerly', "it is not a valid list name", "lower-case letters",
    ),
    (
        "a former list that is the program's own",
        "formerly_in_use",
        program(SHORT_CODE, rest='formerly = ["contoso"]'),
        'program "Contoso", formerly', '"contoso" is still the list of a program', "remove it",
    ),
    (
        "a former list that another program has",
        "formerly_in_use",
        program(SHORT_CODE, rest='formerly = ["fabrikam"]') + program(name="Fabrikam"),
        'program "Contoso", formerly', '"fabrikam" is still the list of a program', "remove it",
    ),
    (
        "a former list of two lists",
        "formerly_twice",
        program(SHORT_CODE, rest='formerly = ["old"]')
        + program(LONG_CODE, name="Fabrikam", rest='formerly = ["older", "old"]'),
        'program "Fabrikam", formerly', '"old" is also claimed by program "Contoso"', "remove one",
    ),
    (
        "one bracket too few",
        "field",
        '[program]\nname = "Contoso"',
        "program", "not a list of tables", "two brackets",
    ),
    (
        "a field of another type",
        "misplaced_field",
        program(f"{SHORT_CODE}\nverified = true"),
        "sender 1 (12345)", "verified does not apply", 'it belongs to type = "toll_free"',
    ),
    (
        "a way to opt out of a number that takes STOP",
        "misplaced_field",
        program(f'{LONG_CODE}\nopt_out_by = "call us"'),
        "sender 1 (+14255550100)", "opt_out_by does not apply", 'it belongs to type = "alphanumeric"',
    ),
    (
        "a registration in the UK",
        "country",
        program(f'{SENDER_ID}\nregistered_in = ["UK"]'),
        "sender 1 (Contoso)", 'no country "UK"', 'Write "GB"',
    ),
    (
        "a registration without brackets",
        "field",
        program(f'{SENDER_ID}\nregistered_in = "GB"'),
        "sender 1 (Contoso), program.sender.registered_in", "not a list", 'as ["GB"]',
    ),
    (
        "a policy for a country without senders",
        "probable_country",
        program(SHORT_CODE, rest='probable.GB.policy = "review"'),
        'program "Contoso", probable.GB', "no sender of this program is in GB", "remove the table",
    ),
    (
        "an unknown policy",
        "field",
        program(SHORT_CODE, rest='probable.US.policy = "maybe"'),
        'program "Contoso", program.probable.US.policy', '"suppress"', "docs/programs.md",
    ),
]  # fmt: skip


@pytest.mark.parametrize("mistake", REFUSED, ids=[row[0] for row in REFUSED])
def test_what_is_refused(mistake: Mistake, tmp_path: Path) -> None:
    """The message names the file, the entry, what is wrong, what to do, the rule and its source."""
    assert_refused(tmp_path, mistake)


def test_a_missing_file(tmp_path: Path) -> None:
    """The message names the file and the setting that names it."""
    with pytest.raises(ConfigurationError, match=r"none\.toml.*Set OPTOUT_PROGRAMS"):
        Directory.load(tmp_path / "none.toml")


@pytest.mark.parametrize("content", [b"[[program\n", b'name = "\xe9"'], ids=["syntax", "encoding"])
def test_a_file_that_is_no_toml(content: bytes, tmp_path: Path) -> None:
    """The message says where the file stops being TOML."""
    path = tmp_path / "programs.toml"
    path.write_bytes(content)
    with pytest.raises(
        ConfigurationError, match=r"programs\.toml: not valid TOML: .+ (line|position) "
    ):
        Directory.load(path)


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        (
            program(SHORT_CODE.replace("12345", "+12345"), TOLL_FREE.replace("833", "425"), LONG_CODE)
            + program(LONG_CODE, name="Fabrikam"),
            ["sender 1 (+12345)", "sender 2 (+14255550100)", 'program "Fabrikam", sender 1'],
        ),
        (
            program(f"{TOLL_FREE}\nreplies = {{stop = 'a', start = 'b', fr = {{stop = 'c'}}}}"),
            ["Remove replies.stop", "Remove replies.start"],
        ),
        (
            program('type = "long_code"', f"{SHORT_CODE}\ncolor = 1", rest='replies.unstop = "Hi"'),
            ["replies.unstop", "sender 1 (no number)", "sender 2 (12345)"],
        ),
    ],
    ids=["senders", "replies", "fields"],
)
def test_findings_together(text: str, entries: list[str], tmp_path: Path) -> None:
    """Everything that is wrong is said at once, a line each."""
    lines = refused(tmp_path, text)
    assert len(lines) == len(entries)
    for line, entry in zip(lines, entries, strict=True):
        assert entry in line


def documented_models() -> list[type[BaseModel]]:
    """The models of the program file's tables."""
    return [
        model
        for model in vars(schema).values()
        if isinstance(model, type) and issubclass(model, BaseModel) and model.model_fields
    ]


@pytest.mark.parametrize("model", documented_models(), ids=lambda model: model.__name__)
def test_every_field_is_documented(model: type[BaseModel]) -> None:
    """docs/programs.md names each field that a file can have."""
    for name in model.model_fields:
        # Not fields of the file: where the tables of other languages and countries are kept.
        if name not in ("languages", "countries"):
            assert f"`{name}`" in DOCUMENT


def test_every_choice_is_documented() -> None:
    """docs/programs.md names each value that a field can have."""
    parties = Party.CARRIER, Party.PLATFORM, Party.SERVICE, Party.NOBODY
    for choice in (*NumberType, *parties, *ProbablePolicy):
        assert f"`{choice}`" in DOCUMENT
