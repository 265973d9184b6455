"""Every system learns, goes on where it was stopped, and is not told what it is to say; its recipe on the sample corpus.

A system is a line in ``SYSTEMS``: by how many nats each objective's held-out loss must fall below that of a model that
has learnt nothing, in so many steps at ``tiny``. What an untrained model loses is the logarithm of its classes.
"""

from __future__ import annotations

import hashlib
import json
import math
import subprocess
import sys
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import pytest
from command_line import in_processes, refused, zhprep
from leaks import assert_labels_do_not_reach_the_states, assert_masked_tokens_are_not_in_the_batch
from made_pairs import write_pairs
from made_tags import write_tags
from patience import wait_until

from zhprep.core.config import as_dict, build
from zhprep.core.errors import Stopped
from zhprep.engine.distribution import World
from zhprep.models import ModelConfig
from zhprep.pretrain.config import PretrainConfig
from zhprep.pretrain.job import set_up
from zhprep.pretrain.run import pretrain
from zhprep.recipes import load_recipe, recipe_names
from zhprep.vocab import load

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
N_ENTRIES = 3000
"""At most; the sample corpus gives a vocabulary of pieces about 1,200."""


@dataclass(frozen=True)
class System:
    """``margins`` in nats by objective; ``classes`` of those that are not over the vocabulary."""

    margins: dict[str, float]
    classes: dict[str, int] = field(default_factory=dict)
    steps: int = 40
    phases: str = ""
    tags: bool = False
    nightly: bool = False
    """Of parts that others of these have too."""
    pairs: bool = False
    more: str = ""


SYSTEMS = {
    "albert": System({"mlm": 0.09}),
    "electra": System({"mlm": 0.09, "rtd": 0.2}, {"rtd": 2}),
    "roberta": System({"mlm": 0.09}),
    "spanbert": System({"mlm": 0.09, "span_boundary": 0.09}),
    "chinesebert": System({"mlm": 0.09}),
    "lert": System(
        {"mlm": 0.09, "pos_tags": 0.5, "ner_tags": 0.5, "dep_tags": 0.2},
        {"pos_tags": 30, "ner_tags": 4, "dep_tags": 4},
        tags=True,
    ),
    "pert": System({"original_place": 0.2}, {"original_place": 64}),
    "wobert": System({"mlm": 0.09}),
    "word": System({"mlm": 0.09}),
    "lm-char": System({"lm": 0.5}),
    "lm-word": System({"lm": 0.5}),
    "lm-hybrid": System({"lm": 0.5}),
    "tlm": System({"mlm": 0.5}, pairs=True),
    "rbt3": System({"mlm": 0.2}),
    "rbtl3": System({"mlm": 0.2}),
    "infoword": System({"mlm": 0.09}, more="[model.contrast]\ngroup = 8"),  # whole in each of two processes
    "simcse": System({"contrast": 0.3}, {"contrast": 8}, more="[model.contrast]\ngroup = 8"),
    "bart": System({"seq2seq": 0.5}),
    "t5": System({"seq2seq": 0.5}),
    "ambert": System({"mlm": 0.09, "mlm:coarse": 0.09}, {"mlm:coarse": 2500}),
    "ambert-combo": System({"mlm": 0.09, "mlm:coarse": 0.09}, {"mlm:coarse": 2500}, nightly=True),
    "ambert-hybrid": System({"mlm": 0.09, "mlm:coarse": 0.09}, {"mlm:coarse": 2500}),
    "t5-v1_1": System({"seq2seq": 0.5}, nightly=True),
    "zh-modern": System({"mlm": 0.09}, phases="phases = [{steps = 3, instances = {max_length = 32}}, {steps = 1}]"),
    "bert-wwm-ext": System({"mlm": 0.09}, phases="phases = [{steps = 3, instances = {max_length = 32}}, {steps = 1}]"),
}

VARIANTS = {
    **dict.fromkeys(
        ("bert", "bert-wwm", "ernie", "modernbert", "roberta-wwm", "roberta-wwm-ext"), System({"mlm": 0.09})
    ),
    **dict.fromkeys((name for name in recipe_names() if name.startswith("macbert")), System({"mlm": 0.09})),
    **dict.fromkeys((name for name in recipe_names() if name.startswith("roberta-")), System({"mlm": 0.09})),
}
"""Recipes made of the parts of those above: `make nightly` trains them too."""

RECIPE = """
base = "{name}"
{initial}
[sizes.tiny.vocab]
size = {entries}
[sizes.tiny.instances]
max_length = 64
[sizes.tiny.pretrain]
steps = {steps}
batch_size = 16
learning_rate = 3e-3
warmup = 5
threads = 1
{phases}
{more}
"""


OFTEN = [pytest.param(name, marks=pytest.mark.nightly) if system.nightly else name for name, system in SYSTEMS.items()]


@pytest.mark.parametrize("name", OFTEN)
def test_a_system(name: str, sample_data: Path, tmp_path: Path) -> None:
    """From raw text to a held-out loss; then, with its data, what must hold of every run."""
    learns(name, sample_data, tmp_path)
    everything_is_verified(tmp_path / "work")
    data, recipe, config = briefly(tmp_path, 4)
    goes_on_where_it_was_stopped(data, recipe, config, tmp_path)
    is_not_told_what_to_say(data, recipe, config, tmp_path)


@pytest.mark.nightly
@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant(name: str, sample_data: Path, tmp_path: Path) -> None:
    """The same of the recipes that share their parts with others."""
    test_a_system(name, sample_data, tmp_path)


def test_every_recipe_is_trained() -> None:
    assert set(recipe_names()) == SYSTEMS.keys() | VARIANTS.keys()


def learns(name: str, sample_data: Path, tmp_path: Path) -> None:
    """Assert that each held-out loss falls by its margin."""
    system = (SYSTEMS | VARIANTS)[name]
    small = {"entries": N_ENTRIES, "steps": system.steps, "phases": system.phases, "more": system.more}
    initial = ""
    if first := load_recipe(name, size="tiny").get("initial"):
        plain = RECIPE.format(name=first["recipe"], initial="", **small | {"more": ""})
        (tmp_path / "first.toml").write_text(plain, "utf-8")
        initial = f'initial = {{ recipe = "{tmp_path / "first.toml"}" }}'
    (tmp_path / "small.toml").write_text(RECIPE.format(name=name, initial=initial, **small), "utf-8")
    corpus, flags = sample_data / "corpus" / "news.txt", []
    if system.pairs:
        corpus = write_pairs(tmp_path / "pairs.tsv")
    if system.tags:
        text = tmp_path / "text.arrow"
        assert zhprep("normalize", corpus, "-o", text).code == 0
        corpus, flags = text, ["--tags", write_tags(text, tmp_path / "tags.jsonl")]
    result = zhprep("run", tmp_path / "small.toml", corpus, "--size", "tiny", "-o", tmp_path / "work", "--json", *flags)
    assert result.code == 0, result.err
    held_out = json.loads((tmp_path / "work" / "run" / "report.json").read_bytes())["held_out"]
    assert held_out.keys() >= system.margins.keys()
    n_entries = load(tmp_path / "work" / "vocab").size
    for objective, margin in system.margins.items():
        nothing_learnt = math.log(system.classes.get(objective, n_entries))
        assert held_out[objective]["loss"] < nothing_learnt - margin, (objective, held_out[objective])


BRIEF = {"batch_size": 16, "log_every": 1, "eval_every": 0, "checkpoint_every": 100}


def everything_is_verified(work: Path) -> None:
    """Assert that a bit that flips in any folder of the run, that of the model it began with included, is found."""
    assert zhprep("verify", work, "--quiet").code == 0
    for folder in sorted(path for path in work.iterdir() if path.is_dir()):
        files = [path for path in folder.rglob("*.*") if path.is_file() and "step-" not in str(path)]
        file = max(files, key=lambda path: path.stat().st_size)
        whole = file.read_bytes()
        file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        refused(zhprep("verify", work, "--quiet"), 3, str(folder))
        file.write_bytes(whole)


def briefly(tmp_path: Path, n_steps: int) -> tuple[list[Path], dict[str, Any], PretrainConfig]:
    """Return the data of what has been run, the recipe, and the settings of a run of few steps, shared by its phases."""
    recipe = load_recipe(str(tmp_path / "small.toml"), size="tiny")
    stated = recipe["pretrain"].get("phases", ())
    phases = tuple({**phase, "steps": n_steps // len(stated)} for phase in stated)
    few = {"size": "tiny", "steps": n_steps, "warmup": 1, "phases": phases, **BRIEF}
    config = build(PretrainConfig, {**recipe["pretrain"], **few}, where="")
    return folders_of(tmp_path / "work", config), recipe, config


def folders_of(work: Path, config: PretrainConfig) -> list[Path]:
    """Return the data of each phase."""
    return [*sorted(work.glob("data-*")), work / "data"] if config.phases else [work / "data"]


def goes_on_where_it_was_stopped(
    data: list[Path], recipe: dict[str, Any], config: PretrainConfig, tmp_path: Path
) -> None:
    """Assert that a run that was stopped after each of its steps ends with the bytes of one that was not."""
    pretrain(data, tmp_path / "whole", recipe["model"], config)
    for step in range(1, 4):
        with pytest.raises(Stopped):
            pretrain(data, tmp_path / "parts", recipe["model"], replace(config, stop_after=step))
    pretrain(data, tmp_path / "parts", recipe["model"], config)
    whole, parts = (weights_of(tmp_path / run) for run in ("whole", "parts"))
    assert whole == parts
    assert whole


def weights_of(run: Path) -> dict[str, str]:
    """Return the hash of each file of weights of a finished run, but for those of its checkpoints."""
    files = (path.relative_to(run) for path in sorted(run.rglob("model.safetensors")))
    return {
        str(path): hashlib.sha256((run / path).read_bytes()).hexdigest()
        for path in files
        if not path.parts[0].startswith("step-")
    }


def is_not_told_what_to_say(data: list[Path], recipe: dict[str, Any], config: PretrainConfig, tmp_path: Path) -> None:
    """Assert that neither the batch nor the model has a way from a label to the states it is told from."""
    job = set_up(data, tmp_path / "looked-at", recipe["model"], config, None, World())
    stage = job.stages[-1]
    assert_labels_do_not_reach_the_states(stage.batches, job.model)
    masks = recipe["instances"].get("replacement", "bert") in ("bert", "mask") and not recipe["instances"].get("static")
    if "masked_labels" in stage.batches.view.gives and masks:  # else nothing is hidden, or it is hidden on disk
        assert assert_masked_tokens_are_not_in_the_batch(stage.batches, job.model, job.vocabulary) > 10


SCRIPT = """
import json, sys
from pathlib import Path
from zhprep.core.config import as_dict, build
from zhprep.pretrain.config import PretrainConfig
from zhprep.pretrain.run import pretrain
data, run, model, settings = map(json.loads, sys.argv[1:])
pretrain([Path(one) for one in data], Path(run), model, build(PretrainConfig, settings, where=""))
"""


def arguments_of(data: list[Path], run: Path, model: dict[str, Any], config: PretrainConfig) -> list[str]:
    """Return the arguments of ``SCRIPT``."""
    return [json.dumps(one) for one in ([*map(str, data)], str(run), model, as_dict(config))]


@pytest.mark.nightly
@pytest.mark.parametrize("name", SYSTEMS)
def test_a_system_that_is_killed_goes_on_to_the_same_weights(name: str, sample_data: Path, tmp_path: Path) -> None:
    """SIGKILL three times, each some steps on."""
    learns(name, sample_data, tmp_path)
    data, recipe, config = briefly(tmp_path, 24)
    config, run = replace(config, checkpoint_every=2), tmp_path / "killed"
    pretrain(data, tmp_path / "whole", recipe["model"], config)
    for step in (4, 12, 20):
        command = [sys.executable, "-c", SCRIPT, *arguments_of(data, run, recipe["model"], config)]
        running = subprocess.Popen(command, cwd=ROOT)
        reached, ended = (run / f"step-{step}").exists, running.poll
        wait_until(lambda reached=reached, ended=ended: reached() or ended() is not None, 120)
        running.kill()
        running.wait()
    pretrain(data, run, recipe["model"], config)
    assert weights_of(run) == weights_of(tmp_path / "whole")


WITHOUT_DROPOUT = {field.name: 0.0 for field in fields(ModelConfig) if field.name.endswith("dropout")}
"""Every dropout there is, so that one that is added is turned off too: it is drawn per process."""


@pytest.mark.nightly
@pytest.mark.parametrize("way", ["ddp", "fsdp"])
@pytest.mark.parametrize("name", SYSTEMS)
def test_several_processes_make_the_system_of_one(name: str, way: str, sample_data: Path, tmp_path: Path) -> None:
    """The same rows, masks and samples in the same steps: losses equal but for the order of sums. Shards are of three
    processes, which is no divisor of the batch nor of the sizes of the weights; where rows are compared in groups, of
    two, each of which has whole groups."""
    learns(name, sample_data, tmp_path)
    data, recipe, config = briefly(tmp_path, 4)
    model = recipe["model"] | WITHOUT_DROPOUT
    pretrain(data, tmp_path / "one", model, config)
    (tmp_path / "train.py").write_text(SCRIPT, "utf-8")
    n = 3 if way == "fsdp" and not SYSTEMS[name].more else 2
    config = replace(config, fsdp=way == "fsdp")
    in_processes(n, tmp_path / "train.py", *arguments_of(data, tmp_path / "two", model, config))
    report = json.loads((tmp_path / "two" / "report.json").read_bytes())
    assert report["parameters_a_process"] < (0.75 if way == "fsdp" else 1.01) * report["parameters"]
    logs = [(tmp_path / run / "log.jsonl").read_text("utf-8").splitlines() for run in ("one", "two")]
    losses = [[line["loss"] for line in map(json.loads, log) if "loss" in line] for log in logs]
    assert len(losses[0]) == len(losses[1]) == 4
    for alone, shared in zip(*losses, strict=True):
        assert shared == pytest.approx(alone, abs=2e-5)
