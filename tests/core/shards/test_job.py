"""A job makes the same bytes however it is run, and keeps what is done."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import stat
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from patience import wait_until
from plain_tasks import Copy, Cut, Failing, Meanwhile, Random, Signalling, contents, make_input, make_job

from zhprep.core.errors import DataError, Stopped, UsageError, ZhprepError
from zhprep.core.shards import BlockJob, Claim, Folder, Output, open_folder, run_job, verify
from zhprep.core.shards.making import maker


@pytest.mark.usefixtures("_every_block_is_worth_a_worker")
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("executor", ["inline", "processes"])
def test_the_same_bytes(tmp_path: Path, corpus: Path, whole: dict[str, bytes], executor: str, workers: int) -> None:
    account, sha = run_job(make_job(corpus), Output(tmp_path / "out", executor=executor, workers=workers))
    assert contents(tmp_path / "out") == whole
    assert len(whole) > 10
    assert account.counts == {"documents_in": 120, "documents_out": 120}
    assert sha == json.loads(whole["manifest.json"])["content_sha256"]


def test_running_again_touches_nothing(tmp_path: Path, corpus: Path) -> None:
    first = run_job(make_job(corpus), Output(tmp_path / "out"))
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*")}
    assert run_job(make_job(corpus), Output(tmp_path / "out")) == first
    assert {
        path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*") if path.is_file()
    }.items() <= times.items()


def test_the_manifest_says_what_and_not_where_or_when(tmp_path: Path, whole: dict[str, bytes]) -> None:
    (tmp_path / "elsewhere").mkdir()
    run_job(make_job(make_input(tmp_path / "elsewhere" / "x.txt")), Output(tmp_path / "elsewhere" / "deep" / "er"))
    assert contents(tmp_path / "elsewhere" / "deep" / "er") == whole
    text = b"".join(data for name, data in whole.items() if name.endswith(".json")).decode()
    for local in (str(tmp_path), os.uname().nodename, "seconds", "time", "workers"):
        assert local not in text
    manifest = json.loads(whole["manifest.json"])
    assert manifest["table"] == "text"
    assert manifest["config"] == {"copy": {"option": 1, "pair": [1, 2]}}
    assert manifest["segmenter"] == "none 1"
    assert {"zhprep", "dependencies", "input_sha256", "account", "content_sha256", "version"} <= manifest.keys()
    assert sum(shard["rows"] for shard in manifest["shards"]) == 120
    assert json.loads(whole["plan.json"])["corpus"]["inputs"][0]["name"] == "x.txt"


ERRORS = [DataError("bad", hint="mend it"), UsageError("no such package", hint="install it"), RuntimeError("ours")]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_before_the_first_shard_leaves_nothing(tmp_path: Path, corpus: Path, error: Exception) -> None:
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(type(error), match=str(error)):
        run_job(make_job(corpus, Failing(error=error)), Output(tmp_path / "new" / "er" / "out"))
    assert sorted(tmp_path.rglob("*")) == before
    (tmp_path / "empty").mkdir()
    with pytest.raises(type(error)):
        run_job(make_job(corpus, Failing(error=error)), Output(tmp_path / "empty"))
    assert list((tmp_path / "empty").iterdir()) == []
    run_job(make_job(corpus, Copy(option=2)), Output(tmp_path / "empty"))


def test_an_error_after_the_first_shard_keeps_it(tmp_path: Path, corpus: Path, whole: dict[str, bytes]) -> None:
    with pytest.raises(DataError):
        run_job(
            make_job(corpus, Failing(at=3, error=DataError("bad", hint="mend it"))),
            Output(tmp_path / "out", executor="inline"),
        )
    assert len(list((tmp_path / "out" / ".receipts").iterdir())) == 3
    assert not (tmp_path / "out" / "manifest.json").exists()
    run_job(make_job(corpus), Output(tmp_path / "out", executor="inline"))
    assert contents(tmp_path / "out") == whole


@pytest.mark.parametrize("data", [b"", b"\x89PNG", b"\xff\xff"])
def test_bad_input_leaves_no_folder(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.txt").write_bytes(data)
    with pytest.raises(DataError):
        run_job(make_job(tmp_path / "x.txt"), Output(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def refused(tmp_path: Path, job: BlockJob) -> str:
    before = contents(tmp_path / "whole")
    with pytest.raises(UsageError) as error:
        run_job(job, Output(tmp_path / "whole"))
    assert "--overwrite" in error.value.hint
    assert contents(tmp_path / "whole") == before
    return str(error.value)


@pytest.mark.usefixtures("whole")
def test_another_config_is_refused_by_name(tmp_path: Path, corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert refused(tmp_path, make_job(corpus, Copy(option=2))).endswith(
        "was made with another config (option: 1, now 2)"
    )
    assert "another table" in refused(tmp_path, make_job(corpus, Copy(table="words")))
    assert "another input" in refused(tmp_path, make_job(corpus, text_key="content"))
    assert "another input" in refused(tmp_path, make_job(make_input(tmp_path / "x.txt", 121)))
    make_input(tmp_path / "x.txt")
    with monkeypatch.context() as patch:
        patch.setattr("zhprep.__version__", "99")
        assert "another version of zhprep (0.1.0, now 99)" in refused(tmp_path, make_job(corpus))
    with monkeypatch.context() as patch:
        patch.setattr(maker, "dependency_versions", lambda: {"numpy": "99"})
        assert "another version of a dependency" in refused(tmp_path, make_job(corpus))
    with monkeypatch.context() as patch:
        patch.setattr(Copy, "facts", lambda _: {"segmenter": "none 2"})
        told = refused(tmp_path, make_job(corpus))
        assert told.endswith("was made with another segmenter or vocabulary (segmenter: none 1, now none 2)")


def test_a_folder_that_is_not_ours_is_left_alone(tmp_path: Path, corpus: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "data-00000-of-00001.arrow").write_text("precious")
    for overwrite in (False, True):
        with pytest.raises(UsageError, match="was not made by zhprep"):
            run_job(make_job(corpus), Output(tmp_path / "out", overwrite=overwrite))
    assert contents(tmp_path / "out") == {"data-00000-of-00001.arrow": b"precious"}
    for overwrite in (False, True):
        with pytest.raises(UsageError, match="is a file, not a folder"):
            run_job(make_job(corpus), Output(corpus, overwrite=overwrite))


@pytest.mark.usefixtures("whole")
def test_overwriting_removes_what_is_ours_and_nothing_else(tmp_path: Path, corpus: Path) -> None:
    folder = tmp_path / "whole"
    foreign = {"notes.txt": b"mine", "vocab/vocab.txt": b"[PAD]\n", ".part-of-my-life": b"1", "data-of.arrow": b"2"}
    for name, data in foreign.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(data)
    small = BlockJob(make_job(corpus).corpus, Copy(option=2))
    small.corpus.blocks = small.corpus.blocks[:2]
    run_job(small, Output(folder, overwrite=True))
    run_job(small, Output(tmp_path / "fresh"))
    assert contents(folder) == {**contents(tmp_path / "fresh"), **foreign}
    verify(folder)


def test_an_array_of_tasks(tmp_path: Path, corpus: Path, whole: dict[str, bytes]) -> None:
    made = make_job(corpus)
    n_blocks = len(made.corpus.blocks)
    total = 0
    for index in (2, 0, 1):
        account, sha = run_job(made, Output(tmp_path / "out", shard_index=index, num_shards=3))
        assert bool(sha) == (index == 1)
        total += account.counts["documents_in"] if index != 1 else 0
    assert account.counts["documents_in"] == 120 > total > 0
    assert contents(tmp_path / "out") == whole
    run_job(made, Output(tmp_path / "many", shard_index=n_blocks + 5, num_shards=n_blocks + 9))
    folder, plan = open_folder(tmp_path / "many")
    assert folder.pending() == list(range(n_blocks))
    for index in range(n_blocks):
        run_job(made, Output(tmp_path / "many", shard_index=index, num_shards=n_blocks + 9))
    assert folder.finish(plan["table"], plan, plan["facts"])["content_sha256"] == sha
    assert contents(tmp_path / "many") == whole


def test_an_array_task_with_bad_data_leaves_the_folder_to_the_others(tmp_path: Path, corpus: Path) -> None:
    with pytest.raises(DataError):
        run_job(
            make_job(corpus, Failing(error=DataError("bad", hint="mend it"))), Output(tmp_path / "out", num_shards=2)
        )
    assert (tmp_path / "out" / "plan.json").exists()


@pytest.mark.parametrize(("index", "number"), [(-1, 2), (2, 2), (0, 0)])
def test_an_index_outside_the_array(tmp_path: Path, corpus: Path, index: int, number: int) -> None:
    with pytest.raises(UsageError, match=f"shard index {index} is not one of {number}"):
        run_job(make_job(corpus), Output(tmp_path / "out", shard_index=index, num_shards=number))


def test_an_executor_that_does_not_exist(tmp_path: Path, corpus: Path) -> None:
    with pytest.raises(UsageError, match="unknown executor 'proceses'") as error:
        run_job(make_job(corpus), Output(tmp_path / "out", executor="proceses"))
    assert "did you mean 'processes'" in error.value.hint
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("_every_block_is_worth_a_worker")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
@pytest.mark.parametrize(("executor", "workers"), [("inline", 1), ("processes", 2)])
def test_stopping_keeps_what_is_done(
    tmp_path: Path, corpus: Path, whole: dict[str, bytes], executor: str, workers: int, number: int
) -> None:
    before = signal.getsignal(number)
    task = Signalling(number=number, job=os.getpid())
    with pytest.raises(Stopped, match=r"stopped with \d+ of \d+ shards to do"):
        run_job(make_job(corpus, task), Output(tmp_path / "out", executor=executor, workers=workers))
    assert signal.getsignal(number) == before
    done = len(list((tmp_path / "out" / ".receipts").iterdir()))
    assert 3 <= done < 10
    assert not list((tmp_path / "out").glob(".part-*"))
    run_job(make_job(corpus), Output(tmp_path / "out"))
    assert contents(tmp_path / "out") == whole


def _when_others_are_done(folder: Path, do: Callable[[], None]) -> None:
    """Do something at block 0, which is the first to be given back, once the two after it are done."""
    wait_until(lambda: all(Folder(folder, 1).receipt(block).exists() for block in (1, 2)))
    do()


def _fail() -> None:
    raise DataError("bad", hint="mend it")


def _no_room(_folder: Folder, _block: int) -> None:
    raise OSError("no room")


HOW_IT_ENDS = [(partial(os.kill, os.getpid(), signal.SIGTERM), Stopped), (_fail, DataError)]


@pytest.mark.usefixtures("_every_block_is_worth_a_worker")
@pytest.mark.parametrize(("do", "error"), HOW_IT_ENDS, ids=["stopped", "failed"])
def test_blocks_that_are_done_out_of_order_are_handed_on(
    tmp_path: Path, corpus: Path, do: Callable[[], None], error: type[Exception]
) -> None:
    task = Meanwhile(do=partial(_when_others_are_done, tmp_path / "out", do))
    kept: list[int] = []
    with pytest.raises(error):
        run_job(
            make_job(corpus, task), Output(tmp_path / "out", workers=2, keep=lambda _folder, block: kept.append(block))
        )
    folder, _ = open_folder(tmp_path / "out")
    assert sorted(kept) == [block for block in range(folder.n_blocks) if folder.is_done(block)]
    assert {1, 2} <= set(kept)


@pytest.mark.usefixtures("_every_block_is_worth_a_worker")
def test_what_is_told_is_the_first_error_and_not_that_of_handing_on(tmp_path: Path, corpus: Path) -> None:
    task = Meanwhile(do=partial(_when_others_are_done, tmp_path / "out", _fail))
    with pytest.raises(DataError, match="bad"):
        run_job(make_job(corpus, task), Output(tmp_path / "out", workers=2, keep=_no_room))
    stopped = Meanwhile(do=partial(os.kill, os.getpid(), signal.SIGTERM))
    with pytest.raises(OSError, match="no room"):
        run_job(make_job(corpus, stopped), Output(tmp_path / "out", workers=2, keep=_no_room))


def test_told_to_stop_at_the_last_block_is_done(tmp_path: Path, corpus: Path, whole: dict[str, bytes]) -> None:
    last = len(make_job(corpus).corpus.blocks) - 1
    run_job(make_job(corpus, Signalling(at=last, job=os.getpid())), Output(tmp_path / "out", executor="inline"))
    assert contents(tmp_path / "out") == whole


@pytest.mark.usefixtures("whole")
def test_a_shard_that_is_missing_or_cut_is_made_again_and_no_other(
    tmp_path: Path, corpus: Path, whole: dict[str, bytes]
) -> None:
    folder, _ = open_folder(tmp_path / "whole")
    folder.shard(1).unlink()
    os.truncate(folder.shard(3), 100)
    folder.receipt(5).unlink()
    assert folder.pending() == [1, 3, 5]
    kept = {i: folder.shard(i).stat().st_mtime_ns for i in range(folder.n_blocks) if i not in (1, 3, 5)}
    run_job(make_job(corpus), Output(tmp_path / "whole"))
    assert contents(tmp_path / "whole") == whole
    assert kept == {i: folder.shard(i).stat().st_mtime_ns for i in kept}


def test_what_another_process_has_done_meanwhile_is_left_alone(
    tmp_path: Path, corpus: Path, whole: dict[str, bytes]
) -> None:
    receipts = tmp_path / "out" / ".receipts"
    done: dict[Path, int] = {}

    def do_the_rest() -> None:
        run_job(make_job(corpus), Output(tmp_path / "out", executor="inline"))
        done.update({path: path.stat().st_ino for path in receipts.iterdir()})

    run_job(make_job(corpus, Meanwhile(do=do_the_rest)), Output(tmp_path / "out", executor="inline"))
    assert len(done) > 10
    assert {path: path.stat().st_ino for path in receipts.iterdir()} == done
    assert contents(tmp_path / "out") == whole


def _without_locks_of_folders(monkeypatch: pytest.MonkeyPatch, *, files: bool) -> None:
    """Let every process believe that it has a folder for itself, as NFS does, or a file (``files`` False), too."""
    flock = fcntl.flock

    def local(descriptor: int, operation: int) -> None:
        if files and not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", local)


def test_a_folder_is_not_begun_again_while_another_machine_works_there(
    tmp_path: Path, corpus: Path, whole: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    _without_locks_of_folders(monkeypatch, files=True)

    def begin_again() -> None:
        with pytest.raises(UsageError, match="another process is at work there"):
            run_job(make_job(corpus, Cut(option=2)), Output(tmp_path / "out", overwrite=True))

    run_job(make_job(corpus, Meanwhile(do=begin_again)), Output(tmp_path / "out", executor="inline"))
    assert contents(tmp_path / "out") == whole
    run_job(make_job(corpus), Output(tmp_path / "out", overwrite=True))
    assert contents(tmp_path / "out") == whole


def test_of_two_that_begin_a_folder_again_at_once_one_does(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text("{}")
    with Claim(tmp_path) as one, Claim(tmp_path) as other:
        one.hold(tmp_path / "plan.json")
        other.hold(tmp_path / "plan.json")
        with pytest.raises(UsageError, match="another process is at work there"):
            one.keep_others_out()
        other.keep_others_out()


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_plan_that_another_machine_takes_away_is_written_again(
    overwrite: bool, tmp_path: Path, corpus: Path, whole: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    hold, takes = Claim.hold, [True, True, False, False]

    def hold_late(claim: Claim, file: Path) -> None:
        if takes.pop(0):
            file.unlink()
        hold(claim, file)

    monkeypatch.setattr(Claim, "hold", hold_late)
    run_job(make_job(corpus), Output(tmp_path / "out", overwrite=overwrite))
    assert contents(tmp_path / "out") == whole
    takes[:] = [True] * 200
    with pytest.raises(UsageError, match="is removed again and again"):
        run_job(make_job(corpus), Output(tmp_path / "other", overwrite=overwrite))


def test_what_is_done_with_old_settings_never_counts_where_nobody_sees_the_others(
    tmp_path: Path, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _without_locks_of_folders(monkeypatch, files=False)
    new = make_job(corpus, Cut(option=2))
    run_job(new, Output(tmp_path / "alone"))

    def begin_again() -> None:  # and do every fourth block
        run_job(new, Output(tmp_path / "out", overwrite=True, executor="inline", shard_index=3, num_shards=4))

    old = make_job(corpus, Meanwhile(do=begin_again))
    with pytest.raises(UsageError, match="was begun again by another process with other settings"):
        run_job(old, Output(tmp_path / "out", executor="inline"))
    folder, _ = open_folder(tmp_path / "out")
    theirs = [block for block in range(folder.n_blocks) if folder.receipt(block).exists()]
    assert theirs[:4] == [0, 1, 2, 3]  # three of them with old settings
    assert folder.pending() == [block for block in range(folder.n_blocks) if block % 4 != 3]
    run_job(new, Output(tmp_path / "out"))
    assert contents(tmp_path / "out") == contents(tmp_path / "alone")


def test_a_receipt_of_another_plan_is_found_by_verify(tmp_path: Path, corpus: Path) -> None:
    for option in (1, 2):  # the same bytes
        run_job(make_job(corpus, Copy(option=option)), Output(tmp_path / str(option)))
    ours, theirs = (open_folder(tmp_path / name)[0].receipt(2) for name in "12")
    shutil.copy(theirs, ours)
    with pytest.raises(DataError, match=r"00002.json: is of another plan"):
        verify(tmp_path / "1")


def test_work_that_differs_from_time_to_time_is_an_error(tmp_path: Path, corpus: Path) -> None:
    made = make_job(corpus, Random())
    run_job(made, Output(tmp_path / "out"))
    Folder(tmp_path / "out", len(made.corpus.blocks)).receipt(2).unlink()
    with pytest.raises(ZhprepError, match=r"data-00002-of-\d+.arrow: was written by another process with other bytes"):
        run_job(made, Output(tmp_path / "out"))


def test_damage_that_was_left_out_is_in_the_account(tmp_path: Path, corpus: Path) -> None:
    import gzip

    (tmp_path / "y.txt.gz").write_bytes(gzip.compress(corpus.read_bytes())[:-40])
    account, _ = run_job(make_job(tmp_path / "y.txt.gz", on_error="skip"), Output(tmp_path / "out"))
    assert account.dropped["inputs.damaged"] == 1
    assert (
        "they end early" in json.loads((tmp_path / "out" / "plan.json").read_text())["corpus"]["inputs"][0]["damaged"]
    )


def test_plans_are_read_whatever_the_locale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_input(tmp_path / "语料.txt")
    run_job(make_job(path), Output(tmp_path / "出"))
    import locale

    monkeypatch.setattr(locale, "getpreferredencoding", lambda *_: "gbk")
    monkeypatch.setattr(locale, "getencoding", lambda: "gbk")
    run_job(make_job(path), Output(tmp_path / "出"))
