"""Every system learns: its recipe on the sample corpus, from raw text to a run with a held-out loss and a score.

A system is a line in ``SYSTEMS``: by how many nats each objective's held-out loss must fall below that of a model that
has learnt nothing, in so many steps at ``tiny``. What an untrained model loses is the logarithm of its classes.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from command_line import zhprep
from made_tags import write_tags

from zhprep.recipes import load_recipe
from zhprep.vocab import load

pytestmark = pytest.mark.slow
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
    "rbt3": System({"mlm": 0.2}),
    "rbtl3": System({"mlm": 0.2}),
    "bart": System({"seq2seq": 0.5}),
    "zh-modern": System({"mlm": 0.09}, phases="phases = [{steps = 3, instances = {max_length = 32}}, {steps = 1}]"),
    "bert-wwm-ext": System({"mlm": 0.09}, phases="phases = [{steps = 3, instances = {max_length = 32}}, {steps = 1}]"),
}

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
"""


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_system_learns(name: str, sample_data: Path, tmp_path: Path) -> None:
    system = SYSTEMS[name]
    small = {"entries": N_ENTRIES, "steps": system.steps, "phases": system.phases}
    initial = ""
    if first := load_recipe(name, size="tiny").get("initial"):
        (tmp_path / "first.toml").write_text(RECIPE.format(name=first["recipe"], initial="", **small), "utf-8")
        initial = f'initial = {{ recipe = "{tmp_path / "first.toml"}" }}'
    (tmp_path / "small.toml").write_text(RECIPE.format(name=name, initial=initial, **small), "utf-8")
    corpus, flags = sample_data / "corpus" / "news.txt", []
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
