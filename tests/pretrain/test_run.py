from __future__ import annotations

import contextlib
import dataclasses
import errno
import itertools
import json
import math
import os
import runpy
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import safetensors.torch
import torch
from command_line import in_processes, zhprep
from patience import patience, wait_until
from training_data import TOKENS, nano, write_instances, write_vocabulary

from zhprep.core.errors import DataError, Stopped, UsageError
from zhprep.core.progress import NO_PROGRESS, Progress
from zhprep.core.temporary import pid_namespace
from zhprep.engine.validation import predict
from zhprep.evaluate.config import EvaluateConfig
from zhprep.evaluate.run import evaluate
from zhprep.pretrain import folder
from zhprep.pretrain.alone import LOCK, alone_in
from zhprep.pretrain.job import set_up
from zhprep.pretrain.phases import PhasedRate
from zhprep.pretrain.run import pretrain
from zhprep.run.folders import verify_folder


def losses(run) -> list[tuple[int, object]]:
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return [
        (line["step"], line.get("loss"), line.get("grad_norm"), line.get("lr"), line.get("held_out")) for line in lines
    ]


def weights(run) -> bytes:
    return (run / "model.safetensors").read_bytes()


@pytest.fixture(scope="session")
def finished(tmp_path_factory, data, vocabulary, config):
    run = tmp_path_factory.mktemp("finished") / "run"
    torch.set_num_threads(1)
    return run, pretrain(data, run, nano(), config, vocabulary=vocabulary)


FREED = """
import sys
from pathlib import Path
import psutil
from training_data import nano
from zhprep.engine.memory import give_back_freed_memory
from zhprep.pretrain.config import PretrainConfig
from zhprep.pretrain.run import pretrain

data, vocabulary, run = map(Path, sys.argv[1:])
pretrain(data, run, nano(), PretrainConfig(steps=1, threads=1), vocabulary=vocabulary)
left = psutil.Process().memory_info().rss
give_back_freed_memory()
print(left - psutil.Process().memory_info().rss >> 20)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux and its C library")
def test_a_process_that_has_trained_has_given_back_what_it_freed(data, vocabulary, tmp_path):
    command = [sys.executable, "-c", FREED, data, vocabulary, tmp_path / "run"]
    search = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    done = subprocess.run(command, env=search, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 10


def test_a_run_is_a_model_a_tokenizer_a_log_and_a_report(finished, config):
    run, report = finished
    names = {path.name for path in run.iterdir()}
    assert names == {
        "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
        "vocab.txt", "plan.json", "log.jsonl", "report.json", "manifest.json", "step-10", "step-12",
    }  # fmt: skip
    said = report.as_dict()
    assert said["steps"] == 12
    assert said["instances"] == 12 * 8
    assert said["tokens"] > said["masked_tokens"] > 0
    assert said["held_out"].keys() == {"mlm", "next_sentence"}
    assert json.loads((run / "report.json").read_text())["content_sha256"] == said["content_sha256"]
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [*range(1, 13), 12]
    assert lines[0].keys() == {
        "step", "tokens", "seconds", "elapsed", "loss", "lr", "grad_norm", "tokens_per_second",
    }  # fmt: skip
    assert lines[-1]["tokens"] == said["tokens"]
    assert 0 < lines[0]["seconds"] < lines[-2]["seconds"] <= said["training_seconds"]
    products = 6 * said["tokens"] * 32**2  # a layer has four for attention and four that the last may leave out
    assert (8 + 4) * products < said["flops"] < 1.5 * (8 + 8) * products
    assert lines[3]["lr"] == config.learning_rate


def test_it_learns(tmp_path, data, vocabulary, config):
    """From ln 44 = 3.8 to well below the entropy of the characters."""
    longer = dataclasses.replace(
        config, steps=200, batch_size=32, learning_rate=1e-2, accumulate=1, eval_every=80, log_every=50
    )
    report = pretrain(data, tmp_path / "run", nano(), longer, vocabulary=vocabulary)
    assert report.scores["held_out"]["mlm"]["loss"] < 1.5
    assert report.scores["held_out"]["mlm"]["accuracy"] > 0.6
    assert [line[0] for line in losses(tmp_path / "run") if line[4]] == [80, 160, 200]


def test_the_same_seed_gives_the_same_run_and_another_another(tmp_path, data, vocabulary, config, finished):
    run, _ = finished
    pretrain(data, tmp_path / "again", nano(), config, vocabulary=vocabulary)
    assert losses(tmp_path / "again") == losses(run)
    assert weights(tmp_path / "again") == weights(run)
    pretrain(data, tmp_path / "other", nano(), dataclasses.replace(config, seed=1), vocabulary=vocabulary)
    assert weights(tmp_path / "other") != weights(run)


@pytest.mark.parametrize("stops", [(1,), (5,), (11,), (3, 4, 10)])
def test_stopping_and_going_on_gives_the_weights_of_not_stopping(tmp_path, data, vocabulary, config, finished, stops):
    run, report = finished
    for stop in stops:
        with pytest.raises(Stopped, match=f"step {stop} of 12") as caught:
            pretrain(
                data, tmp_path / "run", nano(), dataclasses.replace(config, stop_after=stop), vocabulary=vocabulary
            )
        assert caught.value.exit_code == 85
        assert not (tmp_path / "run" / "manifest.json").exists()
    resumed = pretrain(data, tmp_path / "run", nano(), config, vocabulary=vocabulary)
    assert weights(tmp_path / "run") == weights(run)
    assert losses(tmp_path / "run") == losses(run)
    assert resumed.account.as_dict() == report.account.as_dict()
    lines = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    seconds = [line["seconds"] for line in lines]
    assert seconds == sorted(seconds)
    elapsed = [line["elapsed"] for line in lines]
    assert elapsed == sorted(elapsed)
    assert seconds[-2] <= resumed.scores["training_seconds"]
    assert resumed.scores["held_out"] == report.scores["held_out"]


def test_what_a_run_took_counts_looks_and_checkpoints_and_its_training_does_not(
    tmp_path, data, vocabulary, config, monkeypatch
):
    def slowly(*arguments):
        time.sleep(0.5)
        return predict(*arguments)

    monkeypatch.setattr("zhprep.pretrain.run.predict", slowly)
    looking = dataclasses.replace(config, steps=4, eval_every=1)
    with pytest.raises(Stopped):
        pretrain(data, tmp_path / "run", nano(), dataclasses.replace(looking, stop_after=2), vocabulary=vocabulary)
    pretrain(data, tmp_path / "run", nano(), looking, vocabulary=vocabulary)
    lines = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    aside = [line["elapsed"] - line["seconds"] for line in lines]
    assert [round(seconds / 0.5) for seconds in aside[1::2]] == pytest.approx([1, 2, 3, 4], abs=0.9)
    assert all(before <= after + 0.002 for before, after in itertools.pairwise(aside))


def test_masks_on_disk_stop_and_go_on_too(tmp_path, static_data, vocabulary, config):
    pretrain(static_data, tmp_path / "whole", nano(), config, vocabulary=vocabulary)
    with pytest.raises(Stopped):
        pretrain(
            static_data, tmp_path / "cut", nano(), dataclasses.replace(config, stop_after=7), vocabulary=vocabulary
        )
    pretrain(static_data, tmp_path / "cut", nano(), config, vocabulary=vocabulary)
    assert weights(tmp_path / "cut") == weights(tmp_path / "whole")


def test_a_crash_loses_the_steps_after_the_last_checkpoint_and_no_more(
    tmp_path, data, vocabulary, config, finished, monkeypatch
):
    from zhprep.engine.loop import Trainer

    step = Trainer.step

    def crashing(trainer, number, batches):
        if number == 8:
            raise MemoryError
        return step(trainer, number, batches)

    monkeypatch.setattr(Trainer, "step", crashing)
    with pytest.raises(MemoryError):
        pretrain(data, tmp_path / "run", nano(), config, vocabulary=vocabulary)
    assert [line[0] for line in losses(tmp_path / "run")] == list(range(1, 9))
    monkeypatch.undo()
    left = tmp_path / "run" / f".part-step-9-{pid_namespace()}-{2**22 + 1}-1"
    left.mkdir()
    pretrain(data, tmp_path / "run", nano(), config, vocabulary=vocabulary)
    assert weights(tmp_path / "run") == weights(finished[0])
    assert losses(tmp_path / "run") == losses(finished[0])
    assert not left.exists()


@pytest.mark.parametrize("locks", [True, False])
@pytest.mark.parametrize("overwrite", [False, True])
def test_checkpoints_that_were_being_written_elsewhere_are_gone(
    tmp_path, data, vocabulary, config, monkeypatch, locks, overwrite
):
    """Where a node was lost nobody else trains in the folder; without locks nobody knows that."""
    run = tmp_path / "run"
    with pytest.raises(Stopped):
        pretrain(data, run, nano(), dataclasses.replace(config, stop_after=1), vocabulary=vocabulary)
    for name in ("step-2.tmp", ".part-step-2-elsewhere-77-1"):
        (run / name).mkdir()
        (run / name / "model.safetensors").write_bytes(b"half")
    (run / ".part-notes-elsewhere-77-1").mkdir()
    if not locks:
        monkeypatch.setattr("zhprep.pretrain.alone.lock_alone", lambda _: None)
    changed = dataclasses.replace(config, stop_after=3)
    with pytest.raises(Stopped):
        pretrain(data, run, nano(), changed, vocabulary=vocabulary, overwrite=overwrite)
    left = {path.name for path in run.iterdir() if path.name.startswith(".part") or path.name.endswith(".tmp")}
    old = {"step-2.tmp"} if not overwrite else set()
    kept = {".part-notes-elsewhere-77-1"}
    assert left == (kept if locks else {*kept, ".part-step-2-elsewhere-77-1", *old})


def test_a_finished_run_is_left_as_it_is(tmp_path, data, vocabulary, config):
    first = pretrain(data, tmp_path / "run", nano(), config, vocabulary=vocabulary)
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "run").iterdir()}
    again = pretrain(data, tmp_path / "run", nano(), config, vocabulary=vocabulary)
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "run").iterdir()} == before
    assert again.as_dict()["content_sha256"] == first.content_sha256


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"learning_rate": 1.0}, r"another config \(learning_rate\): 0.003, now 1.0"),
        ({"steps": 13}, r"another config \(steps\): 12, now 13"),
        ({"seed": 4}, r"another config \(seed\): 0, now 4"),
    ],
)
def test_another_config_is_refused(data, vocabulary, config, finished, change, message):
    with pytest.raises(UsageError, match=message) as caught:
        pretrain(data, finished[0], nano(), dataclasses.replace(config, **change), vocabulary=vocabulary)
    assert "--overwrite" in caught.value.hint


def test_another_model_is_refused(data, vocabulary, config, finished):
    with pytest.raises(UsageError, match=r"another model \(hidden_dropout\): 0.1, now 0.2"):
        pretrain(data, finished[0], nano(hidden_dropout=0.2), config, vocabulary=vocabulary)


def test_other_data_are_refused(tmp_path, vocabulary, config, finished):
    other = write_instances(tmp_path / "data", 150)
    with pytest.raises(UsageError, match="was begun with data: '200 rows"):
        pretrain(other, finished[0], nano(), config, vocabulary=vocabulary)


def test_settings_of_when_may_differ(data, vocabulary, config, finished):
    pretrain(
        data, finished[0], nano(), dataclasses.replace(config, keep=1, log_every=7, threads=0), vocabulary=vocabulary
    )


def test_overwriting_begins_again_and_touches_nothing_else(tmp_path, data, vocabulary, config):
    run = tmp_path / "run"
    pretrain(data, run, nano(), config, vocabulary=vocabulary)
    (run / "notes.txt").write_text("mine")
    pretrain(data, run, nano(), dataclasses.replace(config, steps=2), vocabulary=vocabulary, overwrite=True)
    assert (run / "notes.txt").read_text() == "mine"
    assert json.loads((run / "report.json").read_text())["steps"] == 2
    assert not (run / "step-12").exists()


def test_two_that_train_in_one_folder(tmp_path, data, vocabulary, config, finished, monkeypatch, capsys):
    """Each removed what the other was saving, and both wrote to one log."""
    monkeypatch.setattr("zhprep.pretrain.alone.PATIENCE", 0.2)
    run = Path(shutil.copytree(finished[0], tmp_path / "run"))
    told = Progress("pretrain", style="auto")
    with alone_in(run, told):
        there = {path: path.stat().st_mtime_ns for path in run.rglob("*")}
        pretrain(data, run, nano(), config, vocabulary=vocabulary)  # is finished: nothing is written
        with pytest.raises(UsageError, match=rf"another process trains there \(process {os.getpid()} on ") as caught:
            pretrain(data, run, nano(), config, vocabulary=vocabulary, overwrite=True, progress=told)
        assert "torchrun" in caught.value.hint
        assert f"another process trains in {run} (process" in capsys.readouterr().err
        assert {path: path.stat().st_mtime_ns for path in run.rglob("*")} == there
    pretrain(data, run, nano(), dataclasses.replace(config, steps=1), vocabulary=vocabulary, overwrite=True)
    assert not list(run.glob(".*"))


def test_a_run_that_was_finished_is_not_trained_again_unlocked(
    tmp_path, data, vocabulary, config, finished, monkeypatch
):
    """Another process begins it again between the look and what comes of it."""
    run = Path(shutil.copytree(finished[0], tmp_path / "run"))

    def begun_with(place):
        (run / "manifest.json").unlink(missing_ok=True)
        return begun(place)

    begun = folder.begun_with
    monkeypatch.setattr(folder, "begun_with", begun_with)
    before = {path: path.stat().st_mtime_ns for path in run.rglob("*") if path.name != "manifest.json" and path != run}
    pretrain(data, run, nano(), config, vocabulary=vocabulary)
    assert {path: path.stat().st_mtime_ns for path in run.rglob("*")} == before


def test_who_trains_in_a_folder_is_waited_for(tmp_path):
    def end():
        time.sleep(0.3)
        first.close()

    with contextlib.ExitStack() as first:
        first.enter_context(alone_in(tmp_path, NO_PROGRESS))
        threading.Thread(target=end).start()
        with alone_in(tmp_path, NO_PROGRESS):
            assert [path.name for path in tmp_path.iterdir()] == [LOCK]
    assert not list(tmp_path.iterdir())


def test_where_the_file_system_has_no_locks_nobody_is_kept_out(tmp_path, monkeypatch):
    def no_locks(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", no_locks)
    with alone_in(tmp_path, NO_PROGRESS), alone_in(tmp_path, NO_PROGRESS):
        pass
    assert not list(tmp_path.iterdir())


def test_a_folder_of_somebody_else_is_refused(tmp_path, data, vocabulary, config):
    (tmp_path / "thesis.tex").write_text("")
    for overwrite in (False, True):
        with pytest.raises(UsageError, match="was not made by zhprep"):
            pretrain(data, tmp_path, nano(), config, vocabulary=vocabulary, overwrite=overwrite)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_nothing_is_written_when_the_data_lack_what_an_objective_needs(tmp_path, data, vocabulary, config):
    recipe = nano(objectives=["mlm", "sentence_order"])
    with pytest.raises(DataError, match="has no column sentence_order_label"):
        pretrain(data, tmp_path / "run", recipe, config, vocabulary=vocabulary)
    assert not (tmp_path / "run").exists()


def test_instances_longer_than_the_model_are_told(tmp_path, data, vocabulary, config):
    with pytest.raises(DataError, match=r"an instance has 1\d tokens, the model 10 positions"):
        pretrain(data, tmp_path / "run", nano(max_position_embeddings=10), config, vocabulary=vocabulary)


def test_another_vocabulary_than_the_datas_is_refused(tmp_path, vocabulary, config):
    folder = write_instances(tmp_path / "data", 20)
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"vocabulary": "0" * 64}))
    with pytest.raises(UsageError, match="another vocabulary"):
        pretrain(folder, tmp_path / "run", nano(), config, vocabulary=vocabulary)


def test_the_vocabulary_lies_with_the_data(tmp_path, config):
    folder = write_instances(tmp_path / "data", 40)
    quick = dataclasses.replace(config, steps=1)
    with pytest.raises(UsageError, match="has no folder vocab"):
        pretrain(folder, tmp_path / "run", nano(), quick)
    write_vocabulary(folder / "vocab")
    assert pretrain(folder, tmp_path / "run", nano(), quick).scores["vocabulary"] == str(folder / "vocab")


def test_a_run_may_begin_with_the_weights_of_another(tmp_path, data, vocabulary, config, finished):
    still = dataclasses.replace(config, steps=1, learning_rate=0.0, initial=str(finished[0]))
    report = pretrain(data, tmp_path / "run", nano(), still, vocabulary=vocabulary)
    assert weights(tmp_path / "run") == weights(finished[0])
    assert report.scores["fresh_weights"] == []
    deeper = nano(objectives=["next_sentence", "mlm"], num_hidden_layers=3)
    report = pretrain(data, tmp_path / "deeper", deeper, still, vocabulary=vocabulary)
    assert {name.split(".")[3] for name in report.scores["fresh_weights"]} == {"2"}


def test_a_run_may_begin_with_a_model_of_other_tokens(tmp_path, data, vocabulary, config, finished, capsys):
    """Its rows are found by what they spell; what became of them is said, and in the report."""
    first = Path(shutil.copytree(finished[0], tmp_path / "first"))
    name, tokens = "bert.embeddings.word_embeddings.weight", [*TOKENS[:5], *TOKENS[:6:-1], "天", "咖"]
    stored = safetensors.torch.load_file(first / "model.safetensors")
    drawn = torch.randn(len(tokens), 32)
    stored |= {name: drawn, "cls.predictions.bias": drawn[:, 0].clone()}
    safetensors.torch.save_file(stored, first / "model.safetensors", {"format": "pt"})
    described = json.loads((first / "config.json").read_text())
    (first / "config.json").write_text(json.dumps(described | {"vocab_size": len(tokens)}))
    for file in ("tokenizer.json", "manifest.json"):
        (first / file).unlink()
    (first / "vocab.txt").write_text("".join(f"{token}\n" for token in dict.fromkeys(tokens)), "utf-8")
    still = dataclasses.replace(config, steps=1, learning_rate=0.0, initial=str(first))
    told = Progress("pretrain", style="auto")
    report = pretrain(data, tmp_path / "run", nano(), still, vocabulary=vocabulary, progress=told)
    assert report.scores["initial"] == {
        "fresh": 0, "positions": {},
        "tokens": {"kept": len(TOKENS) - 2, "means_of_pieces": 0, "means_of_all": 2},
    }  # fmt: skip
    assert f"pretrain      {first}: no weight is fresh; tokens: {len(TOKENS) - 2} kept" in capsys.readouterr().err
    ours = safetensors.torch.load_file(tmp_path / "run" / "model.safetensors")[name]
    assert torch.equal(ours[-1], drawn[5])


def test_transformers_loads_the_model_and_the_tokenizer(finished):
    transformers = pytest.importorskip("transformers")
    run, _ = finished
    model = transformers.BertForMaskedLM.from_pretrained(run).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(run)
    given = tokenizer("猫在北京喝茶", return_tensors="pt")
    with torch.inference_mode():
        assert model(**given).logits.shape == (1, 8, len(tokenizer))
    stored = safetensors.torch.load_file(run / "model.safetensors")
    assert torch.equal(model.bert.embeddings.word_embeddings.weight, stored["bert.embeddings.word_embeddings.weight"])


def test_a_time_limit_stops_with_a_checkpoint(tmp_path, data, vocabulary, config):
    long = dataclasses.replace(config, steps=100_000, time_limit="1s")
    with pytest.raises(Stopped):
        pretrain(data, tmp_path / "run", nano(), long, vocabulary=vocabulary)
    assert len(list((tmp_path / "run").glob("step-*"))) >= 1
    with pytest.raises(UsageError, match="not a duration"):
        pretrain(data, tmp_path / "other", nano(), dataclasses.replace(long, time_limit="soon"), vocabulary=vocabulary)


SCRIPT = """
import sys
from pathlib import Path
from training_data import nano
from zhprep.core.errors import Stopped
from zhprep.pretrain.config import PretrainConfig
from zhprep.pretrain.run import pretrain
data, vocabulary, run, steps = sys.argv[1:]
config = PretrainConfig(size="nano", steps=int(steps), batch_size=8, learning_rate=3e-3, threads=1, log_every=1)
try:
    pretrain(Path(data), Path(run), nano(hidden_dropout=0.0, attention_dropout=0.0), config, vocabulary=Path(vocabulary))
except Stopped as stopped:
    sys.exit(stopped.exit_code)
"""


def command(data, vocabulary, run, steps) -> list[str]:
    return ["-c", SCRIPT, str(data), str(vocabulary), str(run), str(steps)]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Run the script in this process: torch need not be loaded again."""

    def run(*arguments) -> None:
        (tmp_path / "train.py").write_text(SCRIPT)
        monkeypatch.setattr(sys, "argv", ["train.py", *arguments])
        runpy.run_path(str(tmp_path / "train.py"))

    return run


@pytest.fixture
def environment(request):
    root = request.config.rootpath
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(root), str(root / "tests")]), "OMP_NUM_THREADS": "1"}


def test_sigterm_stops_with_a_checkpoint_and_exit_85(tmp_path, data, vocabulary, environment):
    run = tmp_path / "run"
    process = subprocess.Popen([sys.executable, *command(data, vocabulary, run, 100_000)], env=environment)
    wait_until(lambda: (run / "log.jsonl").exists() and (run / "log.jsonl").stat().st_size, 120)
    process.send_signal(signal.SIGTERM)
    assert process.wait(patience(60)) == 85
    step = losses(run)[-1][0]
    assert (run / f"step-{step}" / "MANIFEST.json").exists()


def test_the_time_limit_counts_what_comes_before_the_first_step(tmp_path, data, vocabulary, config, monkeypatch):
    def slowly(*arguments):
        time.sleep(1)
        return set_up(*arguments)

    monkeypatch.setattr("zhprep.pretrain.run.set_up", slowly)
    with pytest.raises(Stopped, match="at step 1 of 12"):
        pretrain(data, tmp_path, nano(), dataclasses.replace(config, time_limit="1s"), vocabulary=vocabulary)


@pytest.mark.slow
def test_two_processes_make_the_run_of_one(tmp_path, data, vocabulary, here):
    """torchrun with gloo: the same rows in the same steps; losses equal but for the order of sums."""
    here(*command(data, vocabulary, tmp_path / "one", 6)[2:])
    in_processes(2, tmp_path / "train.py", *command(data, vocabulary, tmp_path / "two", 6)[2:])
    for one, two in zip(losses(tmp_path / "one"), losses(tmp_path / "two"), strict=True):
        assert one[0] == two[0]
        for name in one[1] or {}:
            assert one[1][name] == pytest.approx(two[1][name], abs=1e-5)
    counts = [json.loads((tmp_path / name / "report.json").read_text()) for name in ("one", "two")]
    assert counts[0]["tokens"] == counts[1]["tokens"]


def strict(text: str) -> dict[str, object]:
    return json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


@pytest.mark.parametrize("when", [{"log_every": 100, "checkpoint_every": 1}, {"log_every": 1, "checkpoint_every": 3}])
def test_a_run_that_diverged_is_told_and_keeps_its_last_checkpoint(
    tmp_path, data, vocabulary, config, monkeypatch, when
):
    def too_much(phased, number):
        return 1e38 if number == 4 else rate(phased, number)

    rate, run = PhasedRate.__call__, tmp_path / "run"
    monkeypatch.setattr(PhasedRate, "__call__", too_much)  # step 5 leaves no weight of use
    diverging = dataclasses.replace(config, keep=1, eval_every=1, **when)
    often = when["checkpoint_every"] == 1  # found when step 5 is to be saved, else by the gradient of step 6
    step, what, good = (5, "weights inf", 4) if often else (6, "gradient nan", 3)
    for _ in range(2):  # the same command comes to the same step
        with pytest.raises(
            UsageError, match=rf"diverged: step {step} of 12 .*{what}.*; the last checkpoint is step-{good}"
        ) as told:
            pretrain(data, run, nano(), diverging, vocabulary=vocabulary)
        assert "--learning-rate" in told.value.hint
        assert [path.name for path in run.glob("step-*")] == [f"step-{good}"]
        assert not (run / "manifest.json").exists()
    lines = [strict(line) for line in (run / "log.jsonl").read_text().splitlines()]
    if when["log_every"] == 1:
        assert (lines[-1]["step"], lines[-1]["loss"]["mlm"], lines[-1]["grad_norm"]) == (6, None, None)
        assert strict(zhprep("status", run, "--json").out.decode())["loss"] is None


def test_a_loss_that_is_not_finite_is_null_in_the_report(tmp_path, data, vocabulary, config, monkeypatch):
    def infinite(*arguments):
        return {
            name: dataclasses.replace(one, losses=one.losses + math.inf) for name, one in predict(*arguments).items()
        }

    monkeypatch.setattr("zhprep.pretrain.run.predict", infinite)
    report = pretrain(data, tmp_path, nano(), dataclasses.replace(config, steps=1), vocabulary=vocabulary)
    said = [report.scores, strict((tmp_path / "report.json").read_text())]
    said.append(strict((tmp_path / "log.jsonl").read_text().splitlines()[-1]))
    assert [one["held_out"]["mlm"]["loss"] for one in said] == [None] * 3


def test_progress_is_lines_where_there_is_no_terminal(tmp_path, data, vocabulary, config, capsys, monkeypatch):
    monkeypatch.setattr("zhprep.core.progress.SECONDS_BETWEEN_LINES", 0.0)
    pretrain(data, tmp_path / "a", nano(), config, vocabulary=vocabulary, progress=Progress("pretrain", "auto"))
    shown = capsys.readouterr()
    assert shown.out == ""
    assert len(shown.err.splitlines()) == 12
    assert " pretrain 25.0%, 3 of 12 steps, " in shown.err
    assert " tokens/s, loss " in shown.err
    pretrain(data, tmp_path / "b", nano(), config, vocabulary=vocabulary, progress=Progress("pretrain", "json"))
    events = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [event["event"] for event in events] == ["begin", *["progress"] * 12, "end"]
    pretrain(data, tmp_path / "c", nano(), config, vocabulary=vocabulary)
    assert capsys.readouterr().err == ""


def test_a_rate_schedule_is_followed_logged_and_gone_on_with(tmp_path, vocabulary, config):
    data = write_instances(tmp_path / "data", mask_prob_schedule="0:0.1,0.5:0.5,1:0.1")
    pretrain(data, tmp_path / "run", nano(), config, vocabulary=vocabulary)
    lines = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    rates = [line["rate"] for line in lines if "loss" in line]
    expected = [*(0.1 + 0.4 * step / 6 for step in range(6)), *(0.5 - 0.4 * step / 6 for step in range(6))]
    assert rates == pytest.approx(expected, abs=1e-6)
    stopping = dataclasses.replace(config, stop_after=7)
    with pytest.raises(Stopped):
        pretrain(data, tmp_path / "again", nano(), stopping, vocabulary=vocabulary)
    pretrain(data, tmp_path / "again", nano(), config, vocabulary=vocabulary)
    assert weights(tmp_path / "again") == weights(tmp_path / "run")
    assert losses(tmp_path / "again") == losses(tmp_path / "run")
    plain = write_instances(tmp_path / "plain")
    with pytest.raises(UsageError, match="masks"):
        pretrain(plain, tmp_path / "run", nano(), config, vocabulary=vocabulary)
    pretrain(plain, tmp_path / "other", nano(), config, vocabulary=vocabulary)
    assert weights(tmp_path / "other") != weights(tmp_path / "run")


@pytest.mark.parametrize("left", ["plan.json", "manifest.json"])
def test_a_run_that_was_killed_at_its_first_write_goes_on(tmp_path, data, vocabulary, config, left):
    """Only the temporary file of a process is there: of this machine or of another, dead or not."""
    run = tmp_path / "run"
    run.mkdir()
    (run / f".part-{left}-{pid_namespace()}-{2**22 + 1}-1").write_text("{")
    (run / f".part-{left}-elsewhere-77-1").write_text("{")
    pretrain(data, run, nano(), dataclasses.replace(config, steps=1), vocabulary=vocabulary)
    assert (run / "manifest.json").exists()
    assert [path.name for path in run.glob(".part-*")] == [f".part-{left}-elsewhere-77-1"]


def test_a_run_killed_with_its_first_file_half_written_goes_on(tmp_path, data, vocabulary, environment, here):
    """SIGKILL between making the folder and linking plan.json, in a process of its own, where files have names."""
    run = tmp_path / "run"
    kill = "import os, signal\ndel os.O_TMPFILE\nfrom zhprep.core.shards import commit\n"
    kill += "commit._link = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
    arguments = command(data, vocabulary, run, 2)
    killed = subprocess.run([sys.executable, "-c", kill + SCRIPT, *arguments[2:]], env=environment, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert sorted(path.name[:15] for path in run.iterdir()) == [".part-plan.json", ".part-training"]
    here(*arguments[2:])
    assert (run / "manifest.json").exists()
    assert not list(run.glob(".part-*"))


@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_all_files_of_a_run_follow_the_umask(tmp_path, data, vocabulary, config, umask):
    before = os.umask(umask)
    try:
        pretrain(data, tmp_path / "run", nano(), dataclasses.replace(config, steps=1), vocabulary=vocabulary)
    finally:
        os.umask(before)
    files = [path for path in (tmp_path / "run").rglob("*") if path.is_file()]
    assert len(files) > 10
    assert {path.stat().st_mode & 0o777 for path in files} == {0o666 & ~umask}


def test_a_step_of_another_run_is_no_place_to_go_on_from(tmp_path, data, vocabulary, config):
    for name, seed in (("one", 0), ("other", 1)):
        stopping = dataclasses.replace(config, stop_after=5, seed=seed)
        with pytest.raises(Stopped):
            pretrain(data, tmp_path / name, nano(), stopping, vocabulary=vocabulary)
    shutil.rmtree(tmp_path / "one" / "step-5")
    shutil.copytree(tmp_path / "other" / "step-5", tmp_path / "one" / "step-5")
    with pytest.raises(DataError, match="is not a checkpoint of this run") as caught:
        pretrain(data, tmp_path / "one", nano(), config, vocabulary=vocabulary)
    assert caught.value.exit_code == 3


def test_a_run_of_an_older_zhprep_without_a_setting_had_its_default(tmp_path, data, vocabulary, config):
    run = tmp_path / "run"
    pretrain(data, run, nano(), dataclasses.replace(config, steps=1), vocabulary=vocabulary)
    plan = json.loads((run / "plan.json").read_text())
    del plan["config"]["beta2"], plan["seal"]  # it had no seals either
    (run / "plan.json").write_text(json.dumps(plan))
    pretrain(data, run, nano(), dataclasses.replace(config, steps=1), vocabulary=vocabulary)
    with pytest.raises(UsageError, match=r"another config \(beta2\): 0.999, now 0.98"):
        pretrain(data, run, nano(), dataclasses.replace(config, steps=1, beta2=0.98), vocabulary=vocabulary)


@pytest.mark.parametrize("name", ["model.safetensors", "plan.json", "report.json", "tokenizer.json", "scores.json"])
def test_what_a_later_command_reads_of_a_run_is_verified(tmp_path, data, vocabulary, config, finished, name):
    run = tmp_path / "run"
    shutil.copytree(finished[0], run)
    shutil.copytree(vocabulary, data / "vocab", dirs_exist_ok=True)
    evaluate(run, EvaluateConfig(threads=1), data=data)
    verify_folder(run)
    for damage in (lambda raw: raw[:-1], lambda raw: raw[:-3] + bytes([raw[-3] ^ 4]) + raw[-2:]):
        whole = (run / name).read_bytes()
        (run / name).write_bytes(damage(whole))
        with pytest.raises(DataError, match=name):
            verify_folder(run)
        (run / name).write_bytes(whole)
