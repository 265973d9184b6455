"""Count the cases that are tried of each row of the table of faults, and put them into the report of the run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
import slurm_nodes
from command_line import made_by
from fault_table import FILES, QUOTAS
from ray_nodes import Nodes, two_nodes
from stores import at_free_ports
from writing_commands import SENTENCES


@pytest.hookimpl(tryfirst=True)  # before those that are not wanted are left out
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add up how many cases the tests of this folder say they try, by whether they are nightly and by row."""
    quotas: dict[bool, Counter[int]] = {False: Counter(), True: Counter()}
    own = [item for item in items if item.path.parent == Path(__file__).parent]
    for item in own:
        for mark in item.iter_markers("fault"):
            quotas[item.get_closest_marker("nightly") is not None][mark.args[0]] += mark.args[1]
    config.stash[QUOTAS] = quotas
    config.stash[FILES] = {item.path.name for item in own}


FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember which tests failed."""
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed or report.skipped
    return report


@pytest.fixture
def tried(
    request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> Iterator[Callable[..., None]]:
    """Call it for each case that was tried; a test that ends well with fewer than it promised fails."""
    mark = request.node.get_closest_marker("fault")
    row, promised = mark.args
    count = 0

    def one_more(n: int = 1) -> None:
        nonlocal count
        count += n

    yield one_more
    record_property("fault", row)
    record_property("cases", count)
    assert request.node.stash[FAILED] or count >= promised, (
        f"{count} cases of row {row} were tried, {promised} promised"
    )


@pytest.fixture(scope="module")
def instances(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Instances of a few hundred sentences."""
    top = tmp_path_factory.mktemp("made")
    (top / "x.txt").write_text(SENTENCES, encoding="utf-8")
    made_by("build-vocab", top / "x.txt", "--size", 300, "--min-frequency", 1, output=top / "vocab")
    return made_by("make-instances", top / "x.txt", "--vocab", top / "vocab", "--max-length", 32, output=top / "data")


@pytest.fixture(scope="module")
def nodes() -> Iterator[Nodes]:
    """A Ray cluster of two nodes."""
    with two_nodes() as running:
        yield running


@pytest.fixture
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Two nodes of Slurm on this machine; gives the environment that its commands need."""
    if missing := slurm_nodes.why_not():
        pytest.skip(missing)
    with at_free_ports(lambda: slurm_nodes.two_nodes(tmp_path_factory.mktemp("slurm"))) as options:
        yield options
