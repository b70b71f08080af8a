"""What a key of each role opens, as one table: held to http/table.py, to infra/roles.toml, and to what
the app answers. `x` is open; whatever is not named here is open to anybody. And a key of each role."""

import secrets

MATRIX = """
                      lookup  guard  support  lists  opt-ins  feed  links  doctor
check_suppressions    x       x      x        .      .        .     .      .
report_suppression    .       x      .        .      .        .     .      .
look_up_suppression   .       .      x        .      .        .     .      .
opt_out               .       .      x        .      .        .     .      .
opt_in                .       .      x        .      .        .     .      .
history               .       .      x        .      .        .     .      .
suppression_status    .       .      x        .      .        .     .      .
list_suppressions     .       .      x        x      .        .     .      .
import_suppressions   .       .      .        x      .        .     .      .
import_opt_ins        .       .      .        .      x        .     .      .
export                .       .      .        x      .        .     .      .
activity              .       .      x        .      .        .     .      .
journal               .       .      x        .      .        .     .      .
reviews               .       .      x        .      .        .     .      .
list_quarantine       .       .      x        .      .        .     .      .
replay_quarantine     .       .      x        .      .        .     .      .
changes               .       .      .        .      .        x     .      .
list_senders          .       .      x        .      .        x     .      .
links                 .       x      .        .      .        .     x      .
doctor                .       .      .        .      .        .     .      x
"""


def opened() -> dict[str, frozenset[str]]:
    """The functions that a key of each role opens."""
    header, *rows = [line.split() for line in MATRIX.strip().splitlines()]
    return {
        role: frozenset(name for name, *marks in rows if marks[place] == "x")
        for place, role in enumerate(header)
    }


def guarded() -> frozenset[str]:
    """The functions that want a key."""
    return frozenset().union(*OPENED.values())


OPENED = opened()
KEYS = {role: secrets.token_urlsafe() for role in OPENED}
# What a front that asks for keys has to know of these.
OPENED_BY = {KEYS[role]: OPENED[role] for role in OPENED}
