"""How often what goes wrong, and how long everything takes. What happens where nothing goes wrong comes
first: that is what a choice that is left out means."""

from tests.simulate.choices import Odds, Spans
from tests.simulate.plan import Plan

# From then on nothing fails any more, in milliseconds: what is still pending must come to its end.
CALM_AFTER = 2_400_000

FINE = ""
LOST_BEFORE, LOST_AFTER = "lost before", "lost after"
KILLED_BEFORE, KILLED_AFTER = "killed before", "killed after"
# The SDK asked again after it was done: the second answer is what counts.
REPEATED = "repeated"
NOT_TAKEN, UNCLEAR, REFUSED = "429", "503", "400"

_KILLS = {KILLED_BEFORE: 1.2, KILLED_AFTER: 1.8}
_WEIGHTS = {
    "store": {LOST_BEFORE: 4.0, LOST_AFTER: 5.0, **_KILLS},
    "request": {LOST_BEFORE: 3.0, LOST_AFTER: 4.0, REPEATED: 3.0, **_KILLS},
    "topic": {LOST_BEFORE: 4.0, LOST_AFTER: 5.0, **_KILLS},
    "queue": {LOST_BEFORE: 2.0, LOST_AFTER: 3.0, **_KILLS},
    "acs": {
        NOT_TAKEN: 10.0, UNCLEAR: 2.0, LOST_BEFORE: 2.0, LOST_AFTER: 7.0,
        REFUSED: 2.0, **_KILLS,
    },
}  # fmt: skip
# The weight of nothing happening, beside about ten of something.
_FINE = {"even": 250.0, "rough": 30.0, "victim": 12.0}

USUALLY = 5
_QUICK = Spans(USUALLY, 70, (1, 60, 20), (60, 2_000, 7), (2_000, 20_000, 2), (20_000, 45_000, 1))
_SLOW = Spans(
    USUALLY, 40, (1, 2_000, 30), (2_000, 20_000, 20), (20_000, 45_000, 7), (280_000, 320_000, 3)
)
# Between an attempt at an answer and what is written of it, others are likely to go on.
_HELD = Spans(USUALLY, 30, (1, 1_000, 20), (1_000, 20_000, 40), (20_000, 45_000, 10))
# A request of which there is no answer within two seconds has failed.
_QUICK_REQUEST = Spans(2, 85, (1, 60, 12), (60, 2_000, 3))
_SLOW_REQUEST = Spans(2, 60, (1, 60, 20), (60, 2_000, 20))
_NEVER_SLOW = Spans(USUALLY, 1)
_CALM, _AWAY = Odds({FINE: 1.0}), Odds({LOST_BEFORE: 1.0})
_ODDS = {
    (roughness, kind): Odds({FINE: fine, **weights})
    for roughness, fine in _FINE.items()
    for kind, weights in _WEIGHTS.items()
}


class Faults:
    """What may go wrong in one history."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def odds(self, kind: str, about: int | None, now: int) -> Odds:
        """For one effect of a task that is about an operation."""
        if any(each.what == kind and each.begins <= now < each.ends for each in self._plan.away):
            return _AWAY
        if self._plan.roughness == "calm":
            return _CALM
        if now > CALM_AFTER:
            return _CALM
        if self._plan.roughness != "focused":
            return _ODDS[self._plan.roughness, kind]
        return _ODDS["victim", kind] if about in self._plan.victims else _CALM

    def waits(self, kind: str, about: int | None, now: int) -> Spans:
        """How long it takes for an effect to reach the outside, and for its answer to come back."""
        if now > CALM_AFTER:
            return _NEVER_SLOW
        if self._plan.roughness == "calm":
            return _NEVER_SLOW
        if kind == "request":
            is_victim = about in self._plan.victims
            return _SLOW_REQUEST if is_victim else _QUICK_REQUEST
        if self._plan.roughness != "focused":
            return _QUICK
        if about not in self._plan.victims:
            return _NEVER_SLOW
        return _HELD if kind == "acs" else _SLOW
