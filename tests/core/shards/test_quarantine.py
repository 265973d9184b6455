"""Documents that kill whatever works on them: found, named, and in the way of nothing else."""

from __future__ import annotations

import json
import multiprocessing
import resource
import signal
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from patience import patience
from plain_reader import write_arrow
from plain_tasks import Allergic, Barren, Copy, Deadly, Greedy, Heavy, contents, make_job

from zhprep.core import schema
from zhprep.core.corpus import ReadConfig, find_inputs, read_block, scan
from zhprep.core.errors import DataError, NoMemory, UsageError
from zhprep.core.executors import EXECUTORS, Killed
from zhprep.core.report import Account
from zhprep.core.shards import BlockJob, Output, open_folder, run_job, verify
from zhprep.core.workers import pool
from zhprep.core.workers.outcome import NO_MEMORY
from zhprep.run.watching import Watcher

pytestmark = pytest.mark.usefixtures("_every_block_is_worth_a_worker", "_workers_are_forked", "_no_cores_are_dumped")


@pytest.fixture
def _workers_are_forked(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a command: pytest-xdist has threads, for which each of the hundred that die here would be spawned."""
    monkeypatch.setattr(pool, "may_fork", lambda: True)


@pytest.fixture
def _no_cores_are_dumped() -> Iterator[None]:
    """By what SIGTRAP kills: hundreds of megabytes each, which take seconds."""
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
    yield
    resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))


def test_the_document_is_named_and_the_rest_is_done(tmp_path: Path, corpus: Path, whole: dict[str, bytes]) -> None:
    out = tmp_path / "out"
    with pytest.raises(DataError, match=r"1 of 1\d shards cannot be made: .* document x.txt:57 is killed") as error:
        run_job(make_job(corpus, Deadly(documents=("x.txt:57",))), Output(out, workers=2))
    assert "--on-kill skip" in error.value.hint
    assert not multiprocessing.active_children()
    folder, _ = open_folder(out)
    (block,) = folder.pending()
    found = json.loads(folder.quarantine(block).read_bytes())
    assert (found["block"], found["document"], found["by"]) == (block, "x.txt:57", "SIGKILL")
    made = {name: data for name, data in contents(out).items() if name.startswith("data-")}
    assert made == {name: data for name, data in whole.items() if name in made}
    assert len(made) == folder.n_blocks - 1
    assert not (out / "manifest.json").exists()
    with pytest.raises(DataError, match=r"x\.txt:57"):  # with one block left, it is not done in this process either
        run_job(make_job(corpus, Deadly(documents=("x.txt:57",))), Output(out, workers=1))
    run_job(make_job(corpus), Output(out, workers=2))  # as on a machine with more memory
    assert contents(out) == whole, "nor is it said any more that a document is in the way"


def test_documents_are_left_out_and_counted_if_so_told(tmp_path: Path, corpus: Path, whole: dict[str, bytes]) -> None:
    deadly = ("x.txt:57", "x.txt:58", "x.txt:60", "x.txt:120")
    out = tmp_path / "out"
    account, sha = run_job(make_job(corpus, Deadly(documents=deadly)), Output(out, workers=2, on_kill="skip"))
    assert account.counts == {"documents_in": 120, "documents_out": 116}
    assert account.dropped == {"documents.killed": 4}
    assert sha == verify(out)["content_sha256"]
    told = Watcher(out).look()["quarantined"]
    assert [(one["document"], one["left_out"], one["by"]) for one in told] == [
        (name, True, "SIGKILL") for name in deadly
    ]
    rows = [batch for batch in contents(out) if batch.startswith("data-")]
    assert len(rows) == len([name for name in whole if name.startswith("data-")])
    again = run_job(make_job(corpus, Deadly(documents=deadly)), Output(out, workers=1))
    assert again == (account, sha)
    assert (
        run_job(make_job(corpus, Deadly(documents=deadly)), Output(tmp_path / "two", workers=3, on_kill="skip"))[1]
        == sha
    )


def test_a_document_of_the_same_name_is_kept(tmp_path: Path) -> None:
    """As in tables made apart of files that are called alike: names are in them."""
    sentences = [[f"第{i}篇，一二三四五六七八九十。"] for i in range(120)]
    table = pa.table({"doc": ["x.txt:1"] * 120, "sentences": sentences}, schema=schema.TEXT)
    write_arrow(tmp_path / "x.arrow", table, stream=True)
    deadly = tuple(sentences[i][0] for i in (57, 58, 90))
    job, out = make_job(tmp_path / "x.arrow", Allergic(sentences=deadly)), tmp_path / "out"
    account, _ = run_job(job, Output(out, workers=2, on_kill="skip"))
    assert account.dropped == {"documents.killed": 3}
    assert account.counts == {"documents_in": 120, "documents_out": 117}
    rows = [
        row.as_py() for shard in sorted(out.glob("data-*")) for row in pa.ipc.open_stream(shard).read_all()["sentences"]
    ]
    assert rows == [one for one in sentences if one[0] not in deadly]


@pytest.mark.parametrize("deaths", [1, 3])
def test_a_block_that_can_be_made_after_all_is_made(
    deaths: int, tmp_path: Path, corpus: Path, whole: dict[str, bytes]
) -> None:
    (tmp_path / "deaths").mkdir()
    task = Deadly(documents=("x.txt:57",), times=(str(tmp_path / "deaths"), deaths))
    run_job(make_job(corpus, task), Output(tmp_path / "out", workers=2))
    assert contents(tmp_path / "out") == whole


def test_found_among_the_batches_of_a_large_block(tmp_path: Path) -> None:
    lines = "".join(f"第{i}篇，{'一二三四五六七八九十' * 30}。\n\n" for i in range(4000))
    (tmp_path / "large.txt").write_text(lines, encoding="utf-8")
    corpus = scan(find_inputs((str(tmp_path / "large.txt"),)), ReadConfig(), block_size=2 << 20)
    made = BlockJob(corpus, Deadly(documents=("large.txt:1999",)))
    account, _ = run_job(made, Output(tmp_path / "out", workers=2, on_kill="skip"))
    assert account.dropped == {"documents.killed": 1}
    found = [json.loads(path.read_bytes())["document"] for path in (tmp_path / "out" / ".quarantine").iterdir()]
    assert found == ["large.txt:1999"]


def test_killed_without_workers_it_is_found_the_next_time(tmp_path: Path, corpus: Path) -> None:
    out = tmp_path / "out"
    child = multiprocessing.get_context("spawn").Process(
        target=run_job, args=(make_job(corpus, Deadly(documents=("x.txt:57",))), Output(out, executor="inline"))
    )
    child.start()
    child.join(patience(60))
    assert child.exitcode == -9
    with pytest.raises(DataError, match=r"x\.txt:57"):
        run_job(make_job(corpus, Deadly(documents=("x.txt:57",))), Output(out, workers=1))
    run_job(make_job(corpus, Copy()), Output(out, workers=1))


NONE_ALONE = (
    r"1 of 1\d? shards cannot be made: each that makes shard 2 is killed, though no document of it alone does that"
)


def only_block_two_is_left(out: Path, whole: dict[str, bytes]) -> None:
    """Nothing is kept of a document, and the other blocks are made."""
    folder, _ = open_folder(out)
    assert folder.pending() == [2]
    assert not folder.quarantine(2).exists()
    made = {name: data for name, data in contents(out).items() if name.startswith("data-")}
    assert made == {name: data for name, data in whole.items() if name in made}


@pytest.mark.parametrize("on_kill", ["fail", "skip"])
def test_a_block_that_no_document_kills(tmp_path: Path, corpus: Path, whole: dict[str, bytes], on_kill: str) -> None:
    out = tmp_path / "out"
    job = make_job(corpus, Heavy(folder=str(out)))
    for workers in (2, 1):
        with pytest.raises(DataError, match=NONE_ALONE) as error:
            run_job(job, Output(out, workers=workers, on_kill=on_kill))
        assert "more memory" in error.value.hint
        only_block_two_is_left(out, whole)
    run_job(make_job(corpus), Output(out, workers=2))
    assert contents(out) == whole


def test_a_block_that_was_killed_by_chance(tmp_path: Path, corpus: Path, whole: dict[str, bytes]) -> None:
    (tmp_path / "deaths").mkdir()
    task = Deadly(documents=("x.txt:57",), times=(str(tmp_path / "deaths"), 4))
    with pytest.raises(DataError, match="no document of it alone"):
        run_job(make_job(corpus, task), Output(tmp_path / "out", workers=2, on_kill="skip"))
    account, _ = run_job(make_job(corpus, task), Output(tmp_path / "out", workers=2, on_kill="skip"))
    assert not account.dropped
    assert contents(tmp_path / "out") == whole


def test_documents_that_kill_together_and_not_alone(tmp_path: Path, corpus: Path) -> None:
    sizes = [sum(piece.documents for piece in block.pieces) for block in make_job(corpus).corpus.blocks]
    full = [block for block, size in enumerate(sizes) if size == max(sizes)]
    job = make_job(corpus, Greedy(most=max(sizes) - 1))
    with pytest.raises(DataError, match=rf"{len(full)} of 1\d shards cannot be made: each that makes shard {full[0]}"):
        run_job(job, Output(tmp_path / "out", workers=2, on_kill="skip"))
    folder, _ = open_folder(tmp_path / "out")
    assert folder.pending() == full
    assert not any(folder.quarantine(block).exists() for block in full)


def test_a_block_of_which_nothing_is_left(tmp_path: Path, corpus: Path, whole: dict[str, bytes]) -> None:
    plan = make_job(corpus).corpus
    documents = [name for batch in read_block(plan, plan.blocks[2], Account()) for name in batch["doc"].to_pylist()]
    job = make_job(corpus, Barren(documents=tuple(documents)))
    with pytest.raises(DataError, match=NONE_ALONE):
        run_job(job, Output(tmp_path / "out", workers=2, on_kill="skip"))
    only_block_two_is_left(tmp_path / "out", whole)


def test_an_engine_that_says_out_of_memory_is_believed(
    tmp_path: Path, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Ray does, which kills such workers itself: more memory is advised, not another segmenter."""

    def kills_all(_function: object, items: Iterable[int], *_: object) -> Iterator[Killed]:
        yield from (Killed(item, NO_MEMORY) for item in items)

    monkeypatch.setitem(EXECUTORS, "ray", kills_all)
    with pytest.raises(NoMemory, match=r"each process is killed \(out of memory\)"):
        run_job(make_job(corpus, Greedy(most=0)), Output(tmp_path / "out", executor="ray"))


@pytest.mark.parametrize("on_kill", ["fail", "skip"])
@pytest.mark.parametrize(("number", "kind"), [(signal.SIGKILL, NoMemory), (signal.SIGTRAP, UsageError)])
def test_no_document_is_blamed_where_each_kills(
    tmp_path: Path, corpus: Path, on_kill: str, number: signal.Signals, kind: type[UsageError]
) -> None:
    """As where the model of a segmenter is larger than what memory there is."""
    job = make_job(corpus, Greedy(most=0, number=number))
    with pytest.raises(kind, match=rf"out: each process is killed \({number.name}\), whatever document") as error:
        run_job(job, Output(tmp_path / "out", workers=2, on_kill=on_kill))
    assert type(error.value) is kind
    assert not list(tmp_path.glob("out/.quarantine/*"))
