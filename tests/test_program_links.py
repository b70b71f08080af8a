"""Program files that say that each message has its recipient's link."""

from pathlib import Path

import pytest

from tests.support.program_files import SENDER_ID, SHORT_CODE, check, load, program

LINKS = "links = true"
# Situation, file, and the rules of its warnings about a way out.
SITUATIONS = [
    ("nothing is said", program(f'{SENDER_ID}\ncountry = "FR"'), ["sender_id_opt_out"]),
    ("the sender says it", program(f'{SENDER_ID}\ncountry = "FR"\n{LINKS}'), []),
    ("its program says it", program(f'{SENDER_ID}\ncountry = "FR"', rest=LINKS), []),
    ("the file says it", f"{LINKS}\n" + program(f'{SENDER_ID}\ncountry = "FR"'), []),
    (
        "the sender says otherwise",
        f"{LINKS}\n" + program(f'{SENDER_ID}\ncountry = "FR"\nlinks = false', rest=LINKS),
        ["sender_id_opt_out"],
    ),
    ("links are blocked there", program(f'{SENDER_ID}\ncountry = "MY"\n{LINKS}'), ["links_forbidden"]),
    (
        "blocked, and there is another way",
        f"{LINKS}\n" + program(f'{SENDER_ID}\ncountry = "MY"\nlinks = false\nopt_out_by = "write us"'),
        [],
    ),
    (
        "a number that can be answered",
        f"{LINKS}\n" + program('number = "+60123456789"\ntype = "long_code"'),
        ["links_forbidden"],
    ),
    ("where they are allowed", f"{LINKS}\n" + program(SHORT_CODE), []),
]


@pytest.mark.parametrize(("situation", "text", "rules"), SITUATIONS)
def test_a_way_out(tmp_path: Path, situation: str, text: str, rules: list[str]) -> None:
    """A sender ID has a way out that it states, or links; nowhere a link that its messages may not
    have."""
    ours = {"sender_id_opt_out", "links_forbidden"}
    assert [each.rule for each in check(tmp_path, text).warnings if each.rule in ours] == rules


def test_what_is_blocked_says_who_blocks(tmp_path: Path) -> None:
    """And what to do instead."""
    text = program(f'{SENDER_ID}\ncountry = "MY"\n{LINKS}')
    (found,) = [each for each in check(tmp_path, text).warnings if each.rule == "links_forbidden"]
    assert "in Malaysia a message with a link is blocked" in found.problem
    assert "links = false" in found.remedy
    assert "MCMC" in found.source


def test_a_sender_knows_it(tmp_path: Path) -> None:
    """What the doctor asks about."""
    directory = load(tmp_path, program(f'{SENDER_ID}\ncountry = "FR"\n{LINKS}', SHORT_CODE))
    assert {each.id: each.has_links for each in directory.every} == {"contoso": True, "12345": False}
