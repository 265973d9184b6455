"""Runs of several processes on a CPU: what one of them writes the others find, and all train on the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import in_processes
from training_data import write_instances

AFTERWARDS = """
import os
import sys
import time
from pathlib import Path
from training_data import nano
from zhprep.evaluate.config import EvaluateConfig
from zhprep.evaluate.run import evaluate
from zhprep.pretrain import run as training
from zhprep.pretrain.config import PretrainConfig

data, vocabulary, run = map(Path, sys.argv[1:])
save_model = training.save_model

def slowly(*arguments, **options):
    time.sleep(3)
    save_model(*arguments, **options)

training.save_model = slowly
config = PretrainConfig(size="nano", steps=2, batch_size=8, threads=1)
training.pretrain(data, run, nano(), config, vocabulary=vocabulary)
assert (run / "manifest.json").exists(), f"process {os.environ['RANK']} went on before the run was finished"
evaluate(run, EvaluateConfig(threads=1), data=data)
assert (run / "scores.json").exists(), f"process {os.environ['RANK']} went on before the scores were written"
"""


@pytest.mark.slow
def test_all_processes_go_on_when_the_run_is_finished(tmp_path: Path, data: Path, vocabulary: Path) -> None:
    """`torchrun -m zhprep run` goes on to the scores in each of them: those that do not write found no model."""
    (tmp_path / "train.py").write_text(AFTERWARDS, "utf-8")
    in_processes(2, tmp_path / "train.py", data, vocabulary, tmp_path / "run")


OTHERS = """
import dataclasses
import os
import shutil
import sys
import threading
import time
from pathlib import Path
import pytest
from training_data import nano
from zhprep.core.errors import Stopped, UsageError, ZhprepError
from zhprep.engine import checkpoint
from zhprep.pretrain import folder
from zhprep.pretrain.config import PretrainConfig
from zhprep.pretrain.phases import PhasedRate
from zhprep.pretrain.run import pretrain

data, other, vocabulary, top = map(Path, sys.argv[1:])
FIRST = os.environ["RANK"] == "0"
CONFIG = PretrainConfig(size="nano", steps=4, batch_size=8, threads=1, checkpoint_every=1, keep=9, log_every=2)

def train(run, *, data=data, **settings):
    return pretrain(data, top / run, nano(), dataclasses.replace(CONFIG, **settings), vocabulary=vocabulary)

# Another build of the data, or another command, on one of the machines.
for name, differing in {
    "data": {} if FIRST else {"data": other},
    "config (size)": {} if FIRST else {"size": "tiny"},
    "config (seed)": {"seed": int(FIRST)},
    "config (log_every)": {"log_every": 1 + FIRST},
}.items():
    with pytest.raises(ZhprepError) as told:
        train("refused", **differing)
    if FIRST:
        assert "another process of this run cannot go on" in str(told.value), told.value
    else:
        assert isinstance(told.value, UsageError), told.value
        assert "process 1 of 2: was started with" in str(told.value), told.value
        assert name in str(told.value), told.value
    assert not (top / "refused").exists(), "something was written"
train("refused", **({"threads": 1} if FIRST else {"threads": 2, "time_limit": "1h"}))

# A machine that does not see the newest checkpoint, and then does.
with pytest.raises(Stopped):
    train("run", stop_after=2)
if not FIRST:
    shutil.copytree(top / "run", top / "late", ignore=shutil.ignore_patterns("step-2"))
    folder.PATIENCE = 1.0
with pytest.raises(ZhprepError) as told:
    train("run" if FIRST else "late")
if not FIRST:
    assert "step-2/MANIFEST.json: is not here after 1 seconds" in str(told.value), told.value
    folder.PATIENCE = 60.0

    def arrive():
        time.sleep(1)
        shutil.copytree(top / "run" / "step-2", top / "hidden")
        os.rename(top / "hidden", top / "late" / "step-2")

    threading.Thread(target=arrive).start()
begun, restore = [], checkpoint.restore
checkpoint.restore = lambda place, *others: begun.append(place.name) or restore(place, *others)
train("run" if FIRST else "late")
assert begun == ["step-2"], begun

# All see that a run diverged.
rate = PhasedRate.__call__
PhasedRate.__call__ = lambda phased, number: 1e38 if number == 1 else rate(phased, number)
with pytest.raises(UsageError, match="diverged: step 2 of 4 .*weights .*; the last checkpoint is step-1"):
    train("diverged")
"""


@pytest.mark.slow
def test_processes_with_other_data_settings_or_checkpoints_do_not_train_together(
    tmp_path: Path, data: Path, vocabulary: Path
) -> None:
    """Each trained on its own rows, or from its own step, and nobody knew."""
    (tmp_path / "train.py").write_text(OTHERS, "utf-8")
    other = write_instances(tmp_path / "other", 150)
    in_processes(2, tmp_path / "train.py", data, other, vocabulary, tmp_path)
