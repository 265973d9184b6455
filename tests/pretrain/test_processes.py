"""Runs of several processes on a CPU: what one of them writes the others find, and all train on the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import in_processes

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
