"""The second reader: what it judges, what it may do, and that its weights come from its data."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from optout import settings
from optout.domain.enums import Certainty, Intent, NumberType, Party, ReviewVerdict
from optout.language import classify as classify_module
from optout.language import rules, second_reader
from optout.language.classify import UNSURE, classify
from optout.language.second_reader import BUCKETS, Core, SecondReader
from optout.language.tokens import LINE, PAUSE, SENTENCE
from tests.support.world import World
from tests.test_reviews import directory, waiting
from training import data
from training.__main__ import is_kept, read, trained
from training.generate import generated

RULES = rules.choose(NumberType.LONG_CODE, "US", Party.SERVICE) or rules.unconfigured(
    NumberType.LONG_CODE, "US"
)


def weighing(grams: dict[str, int], with_core: int, without: int) -> SecondReader:
    """A model that knows some n-grams."""
    weights = [0] * BUCKETS
    for gram, weight in grams.items():
        weights[second_reader.bucket(gram)] = weight
    return SecondReader(weights, with_core, without)


ZEBRA = weighing({"w:zebra": 30, "w:panda": 60, "w:walrus": -90}, with_core=20, without=50)


@pytest.fixture
def zebra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classify_module, "second_reader", lambda: ZEBRA)


@pytest.mark.usefixtures("zebra")
@pytest.mark.parametrize(
    ("text", "expected", "unsure"),
    [
        ("stop sending the zebra recipe to my cousin in Ohio", Certainty.PROBABLE, False),
        ("stop sending the recipe to my cousin in Ohio", None, False),
        ("the zebra is here", None, False),
        ("the panda is here", Certainty.PROBABLE, True),
        ("the panda is here with a walrus", None, False),
        ("I saw a walrus. The panda is here", Certainty.PROBABLE, True),
        ("stop texting me, walrus", Certainty.CERTAIN, False),
    ],
)
def test_what_it_judges(text: str, expected: Certainty | None, unsure: bool) -> None:
    """With the core of a rule, less is enough; without one, more, and only to be reviewed. What the
    rules take is never asked for."""
    match = classify(text, RULES)
    assert match.certainty is expected
    assert match.unsure is unsure
    assert match.intent.opts_out is (expected is not None)


@pytest.mark.usefixtures("zebra")
def test_it_explains_itself() -> None:
    """The rule and words of the core, and the n-grams that weighed most."""
    match = classify("stop sending the zebra recipe to my cousin in Ohio", RULES)
    assert match.rule is not None
    assert match.rule.endswith("+weighed")
    assert match.matched == "stop sending the"
    assert match.weighed == ("w:zebra",)
    alone = classify("look, a panda", RULES)
    assert (alone.rule, alone.weighed) == (UNSURE, ("w:panda",))


@pytest.mark.usefixtures("zebra")
@pytest.mark.parametrize("text", ["START", "HELP", "help please", "STOP", "YES"])
def test_keywords_are_not_weighed(text: str) -> None:
    assert classify(text, RULES).weighed == ()


@pytest.mark.parametrize(
    ("words", "core", "expected"),
    [
        (
            ["a", "b", "c", SENTENCE, "d", "e", "f"],
            None,
            [(["a", "b", "c"], None), (["d", "e", "f"], None)],
        ),
        (["a", PAUSE, "b"], None, [(["a", PAUSE, "b"], None)]),
        ([LINE, "a", "b", "c", LINE], None, [(["a", "b", "c"], None)]),
        (["a", SENTENCE, "b", "c"], None, []),
        (["a", SENTENCE, "b", "c"], Core("x", 3, 4), [(["b", "c"], Core("x", 1, 2))]),
        (["a", "b", SENTENCE, "c"], Core("x", 1, 4), [(["a", "b", SENTENCE, "c"], Core("x", 1, 4))]),
        ([], None, []),
    ],
)
def test_sentences(
    words: Sequence[str], core: Core | None, expected: list[tuple[list[str], Core | None]]
) -> None:
    """A text is weighed sentence by sentence, and a core stays in one piece."""
    assert list(second_reader.sentences_of(words, core)) == expected


@pytest.mark.usefixtures("zebra")
@pytest.mark.parametrize(
    ("own", "suppressed", "waits"),
    [
        ("", False, True),
        ('unsure = "review"\npolicy = "ignore"', False, True),
        ('unsure = "suppress"', True, True),
        ('unsure = "suppress"\npolicy = "review"', True, True),
        ('unsure = "ignore"', False, False),
    ],
)
def test_what_it_finds_by_itself_waits(own: str, suppressed: bool, waits: bool, tmp_path: Path) -> None:
    """By default nobody is suppressed by it: somebody looks first. A program may say otherwise."""
    with World(tmp_path, directory=directory(tmp_path, own)) as world:
        evidence = world.receive("the panda is here")
        assert (evidence.intent, evidence.rule) == (Intent.STOP, UNSURE)
        assert world.check().suppressed is suppressed
        assert waiting(world) == [evidence.id] * waits
        assert world.phone.received == []


@pytest.mark.usefixtures("zebra")
def test_somebody_who_looked_decides(tmp_path: Path) -> None:
    """Confirmed, it opts out at the time of the message; lifted, nothing has happened."""
    with World(tmp_path, directory=directory(tmp_path)) as world:
        confirmed = world.receive("the panda is here")
        lifted = world.receive("look a panda", person="+14255550124")
        world.reviews.judge(confirmed.id, ReviewVerdict.CONFIRM, "pat", "read it")
        world.reviews.judge(lifted.id, ReviewVerdict.LIFT, "pat", "read it")
        assert world.check().suppressed
        assert not world.check(person="+14255550124").suppressed
        assert waiting(world) == []


def test_the_shipped_weights_are_of_this_data() -> None:
    """Who changes a line of training/ runs `make train`."""
    shipped = (settings.ROOT / "optout/language" / second_reader.WEIGHTS).read_bytes()
    told, with_core, without = second_reader.HEAD.unpack_from(shipped)
    assert told == data.digest(), "run make train, and commit the weights"
    assert len(shipped) == second_reader.HEAD.size + BUCKETS
    assert min(with_core, without) > 0


def test_the_weights_are_the_same_to_the_bit() -> None:
    """Whatever the order of a set is in a process: the same lines make the same weights."""
    script = "from tests.test_second_reader import small; print(sorted(enumerate(small().weights)))"
    made = {
        subprocess.run(
            [sys.executable, "-c", script],
            cwd=settings.ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(made) == 1


def small() -> SecondReader:
    """A model of one language's lines."""
    files = {"he": data.written()["he"]}
    hand = [read(example) for example in data.by_hand() if example.language == "he"]
    kept = [each for each in hand if is_kept(each[0])]
    made = [read(example) for example in generated(files)][:600]
    return trained([each for each in hand if not is_kept(each[0])], kept, made)


def test_it_learns() -> None:
    """Nearly all that it has learnt from is on its side, and so is the mean of what it has not seen."""
    model = small()
    hand = [read(example) for example in data.by_hand() if example.language == "he"]
    scores = {
        wanted: [
            model.read(words, core).score
            for example, words, core, _ in hand
            if example.is_request is wanted
        ]
        for wanted in (True, False)
    }
    asked, others = scores[True], scores[False]
    assert sum(asked) / len(asked) > 0 > sum(others) / len(others)
    assert sum(score > 0 for score in asked) > 0.85 * len(asked)
