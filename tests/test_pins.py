"""What is installed, here and in Azure, is pinned by hashes, and all that it brings in."""

import re
import tomllib
from dataclasses import dataclass

import pytest
import yaml  # type: ignore[import-untyped]
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from optout.settings import ROOT

LISTS = (
    "requirements", "requirements-command", "requirements-dev", "requirements-runtime",
    "requirements-checks", "requirements-tools", "requirements-client",
)  # fmt: skip


@dataclass(frozen=True)
class Pin:
    """An entry of a generated file."""

    requirement: Requirement
    hashes: frozenset[str]

    @property
    def named(self) -> str:
        return f"{canonicalize_name(self.requirement.name)}{self.requirement.specifier}"

    def counts(self, python: str, system: str) -> bool:
        """Whether it is installed there."""
        marker = self.requirement.marker
        there = {"python_full_version": python, "python_version": python[:4], "sys_platform": system}
        return marker is None or marker.evaluate({**there})


def wanted(name: str) -> list[Requirement]:
    """The list that is written by hand."""
    lines = (ROOT / f"{name}.in").read_text("utf-8").splitlines()
    return [Requirement(line) for line in lines if not line.startswith(("#", "-"))]


def pins(name: str) -> list[Pin]:
    """The file that is made of it."""
    text = re.sub(r"^ *#.*\n", "", (ROOT / f"{name}.txt").read_text("utf-8"), flags=re.MULTILINE)
    found = []
    for entry in text.replace("\\\n", "").splitlines():
        what, *hashes = entry.split(" --hash=")
        found.append(Pin(Requirement(what), frozenset(hashes)))
    return found


@pytest.mark.parametrize("name", LISTS)
def test_every_pin_has_hashes(name: str) -> None:
    """One version, and SHA-256 alone; no address, which would say where this was made."""
    text = (ROOT / f"{name}.txt").read_text("utf-8")
    assert "://" not in text
    assert not re.search(r"^\s*--(?!hash=)", text, re.MULTILINE)
    for pin in pins(name):
        assert [each.operator for each in pin.requirement.specifier] == ["=="], pin.named
        assert not str(pin.requirement.specifier).endswith("*"), pin.named
        assert pin.hashes, pin.named
        assert all(re.fullmatch("sha256:[0-9a-f]{64}", each.strip()) for each in pin.hashes), pin.named


@pytest.mark.parametrize("name", LISTS)
def test_what_is_wanted_is_pinned(name: str) -> None:
    """At the version that is written by hand: `make lock` was not forgotten."""
    pinned = {pin.named for pin in pins(name)}
    for requirement in wanted(name):
        assert f"{canonicalize_name(requirement.name)}{requirement.specifier}" in pinned


def test_the_tests_run_what_is_deployed() -> None:
    """The same files of the same versions."""
    of_the_tests = {pin.named: pin.hashes for pin in pins("requirements-dev")}
    for pin in (*pins("requirements"), *pins("requirements-command")):
        assert of_the_tests[pin.named] == pin.hashes


@pytest.mark.parametrize("python", ["3.11.0", "3.12.9", "3.13.1"])
@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
@pytest.mark.parametrize("name", LISTS)
def test_one_version_of_each_everywhere(name: str, system: str, python: str) -> None:
    """On every Python and every system: the SDK of Azure Functions is the one that has two versions."""
    there = [pin for pin in pins(name) if pin.counts(python, system)]
    names = [canonicalize_name(pin.requirement.name) for pin in there]
    assert len(names) == len(set(names))
    if name == "requirements":
        sdk = "==2.3.0" if python.startswith("3.13") else "==1.26.0"
        assert f"azure-functions{sdk}" in {pin.named for pin in there}


def test_make_installs_nothing_else() -> None:
    """Each installation asks for hashes, and the pins begin at the oldest Python that is supported."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    (install, wheel) = re.findall(r".*-m pip install.*", makefile)
    assert install.endswith("--require-hashes")
    # What was built here a moment ago, and nothing that it asks for.
    assert {"--no-deps", "--no-index"} <= set(wheel.split())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    (oldest,) = (each for each in SpecifierSet(project["requires-python"]) if each.operator == ">=")
    for name in LISTS:
        header = (ROOT / f"{name}.txt").read_text("utf-8").splitlines()[1].removeprefix("#").split()
        assert {"--universal", "--generate-hashes", f"{name}.in", f"{name}.txt"} <= set(header)
        if name != "requirements-runtime":  # that one declares Python 3.13
            assert header[header.index("--python-version") + 1] == oldest.version


def test_dependabot_watches_what_is_pinned() -> None:
    """Where it is; and nothing is proposed on the day on which it appears."""
    watched = yaml.safe_load((ROOT / ".github/dependabot.yml").read_text("utf-8"))
    assert watched["version"] == 2
    places = {each["package-ecosystem"]: each["directory"] for each in watched["updates"]}
    assert places == {"uv": "/", "npm": "/tests/node", "github-actions": "/"}
    assert (ROOT / "tests/node/package-lock.json").exists()
    assert all(each["cooldown"]["default-days"] >= 7 for each in watched["updates"])


def test_the_lists_are_all_of_them() -> None:
    """No file with requirements stands beside these."""
    assert {path.stem for path in ROOT.glob("*requirements*")} == set(LISTS)
    assert not (ROOT / "constraints.txt").exists()
