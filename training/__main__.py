"""Make the weights of the second reader: `make train`."""

from array import array
from collections.abc import Iterable, Sequence
from zlib import crc32

from optout.domain.text import plain_text
from optout.language import second_reader, wording
from optout.language.grammar import grammar
from optout.language.languages import languages
from optout.language.second_reader import Core, SecondReader
from optout.settings import ROOT
from training.data import OF_TESTS, Example, by_hand, digest, written
from training.generate import generated
from training.learn import Learnt, learnt, weights

# Of the lines written by hand, each of so many is kept to choose the thresholds by; but none of those
# that the tests hold it to.
_KEPT = 4
# A line written by hand counts as much as so many that are generated.
_TIMES = 4
# Of what asks for nothing, so many of a thousand may be taken with a core, and put on the review list.
_TAKEN, _REVIEWED = 25, 10

Read = tuple[Example, Sequence[str], Core | None, bool]


def main() -> None:
    hand = [read(example) for example in by_hand()]
    kept = [each for each in hand if is_kept(each[0])]
    made = [read(example) for example in generated(written())]
    model = trained([each for each in hand if not is_kept(each[0])], kept, made)
    path = ROOT / "optout/language" / second_reader.WEIGHTS
    head = second_reader.HEAD.pack(digest(), model.with_core, model.without)
    path.write_bytes(head + array("b", model.weights).tobytes())
    report(kept, model)
    print(f"learnt from {len(hand) - len(kept)} lines by hand and {len(made)} generated")


def trained(rest: Sequence[Read], kept: Sequence[Read], made: Iterable[Read]) -> SecondReader:
    """A model of some lines, its thresholds by those that were kept."""
    found = weights([_learnt(each) for each in _mixed([*(list(rest) * _TIMES), *made])])
    bare = SecondReader(found, 0, 0)
    with_core = max(threshold(cored(kept), bare, _TAKEN), threshold(cored(held_to(rest)), bare, 0))
    return SecondReader(found, with_core, threshold(kept, bare, _REVIEWED))


def read(example: Example) -> Read:
    """An example as the rules read it: its words, the core they refuse, and whether they take it."""
    plain = plain_text(example.text)
    searched = wording.search(plain, grammar().tokenizer.words(plain), ())
    found = searched.found
    core = Core(found.rule, found.start, found.end) if found and found.refused else None
    return example, searched.words, core, bool(found and not found.refused)


def is_kept(example: Example) -> bool:
    return example.language != OF_TESTS and crc32(example.text.encode()) % _KEPT == 0


def held_to(lines: Iterable[Read]) -> list[Read]:
    """What the tests hold the classifier to: none of it may be taken."""
    cases = {text for each in languages().values() if each.cases for text in each.cases.none}
    return [each for each in lines if each[0].language == OF_TESTS or each[0].text in cases]


def cored(lines: Iterable[Read]) -> list[Read]:
    return [each for each in lines if each[2]]


def threshold(kept: Iterable[Read], reader: SecondReader, most: int) -> int:
    """The least score by which no more than so many of a thousand others are taken."""
    kept = list(kept)
    scores = sorted(
        (
            reader.read(words, core).score
            for example, words, core, taken in kept
            if not example.is_request and not taken
        ),
        reverse=True,
    )
    if not scores:
        return 1
    return scores[min(len(scores) - 1, len(scores) * most // 1000)] + 1


def report(kept: Sequence[Read], reader: SecondReader) -> None:
    """What the rules find of the lines that were kept, and what the second reader adds."""
    for is_request in (True, False):
        lines = [each for each in kept if each[0].is_request is is_request]
        rules = sum(taken for *_, taken in lines)
        cored = [each for each in lines if not each[3] and each[2]]
        with_core = sum(
            reader.read(words, core).score >= reader.with_core for _, words, core, _ in cored
        )
        bare = [each for each in lines if not each[3]]
        without = sum(reader.read(words, core).score >= reader.without for _, words, core, _ in bare)
        print(
            f"{'requests' if is_request else 'others':9} {len(lines):6} taken by rules {rules:6}, "
            f"refused with a core {len(cored):5}, of them taken {with_core:5}, reviewed {without:5}"
        )


def _learnt(each: Read) -> Learnt:
    example, words, core, _ = each
    return learnt(words, core, is_request=example.is_request)


def _mixed(lines: Sequence[Read]) -> list[Read]:
    """In an order that has nothing to do with where they come from."""
    return sorted(lines, key=lambda each: (crc32(f"{each[0].text}*".encode()), each[0].text))


if __name__ == "__main__":
    main()
