"""recompute: the consents by the rules of today, after an upgrade."""

import argparse
import json
import logging
from collections import Counter

from optout.cli import Commands


def add(commands: Commands) -> None:
    parser = commands.add_parser(
        "recompute",
        help="after an upgrade: compute all consents anew by the rules of today",
        description="Compute everybody's consents anew from the evidence, by the rules of this "
        "version. Where they differ from what is stored, they are corrected, and evidence of that is "
        "written. Running it again changes nothing. docs/rules.md says which rules changed.",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(run=run)


def run(asked: argparse.Namespace) -> int:
    from optout import service, settings
    from optout.operations.recompute import recompute_all

    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    settings.adopt_local_settings()
    built = service.build(settings.load())
    try:
        effects = Counter(str(evidence.effect) for evidence in recompute_all(built.recorder))
    finally:
        built.close()
    if asked.json:
        print(json.dumps({"corrected": effects}, indent=2))
        return 0
    for effect, people in effects.items():
        print(f"{people:>10,}  {effect}")
    print(f"consents of {effects.total():,} people were corrected")
    return 0
