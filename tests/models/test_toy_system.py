"""A system from outside: its parts are registered, a recipe names them, and no file of zhprep is touched.

It corrupts what it reads: a narrow *guesser* predicts masked tokens, a *judge* reads its guesses in place of the masks
and tells which tokens are not the original ones. So it has an input with settings and an asset, a body of two streams
of two widths, an objective whose labels are made in the forward pass, draws of its own, and a format of its own.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch
from command_line import refused, zhprep
from torch import Tensor, nn
from training_data import TOKENS, write_instances, write_vocabulary

from zhprep.core.config import setting
from zhprep.models import BODIES, INPUTS, OBJECTIVES, Assets
from zhprep.models.blocks.part import Batch, EmbeddingInput
from zhprep.models.blocks.stacks import make_stack
from zhprep.models.bodies.body import Body, encoded, spec_of
from zhprep.models.checkpoints import FORMATS
from zhprep.models.checkpoints.files import load_model
from zhprep.models.checkpoints.format import Format
from zhprep.models.config import ModelConfig
from zhprep.models.draws import bits, uniform
from zhprep.models.embeddings import make_embeddings
from zhprep.models.objectives.objective import Objective
from zhprep.models.prediction import Prediction
from zhprep.models.stream import HiddenStream, Pass

RENDER = "zhprep render-strokes --vocab VOCAB"


@dataclasses.dataclass(frozen=True, kw_only=True)
class StrokeSettings:
    """How strokes are read."""

    n_strokes: int = setting(0, "strokes that are counted; from the table if 0", minimum=0)


class StrokeInput(EmbeddingInput):
    """A vector for the strokes of a token, from a table that lies beside the vocabulary."""

    needs = ("input_ids",)
    Settings = StrokeSettings

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        n_strokes = config.settings_of("strokes", StrokeSettings).n_strokes
        self.counts = nn.Embedding(config.vocab_size, n_strokes)
        self.map = nn.Linear(n_strokes, config.table_size)

    @classmethod
    def fitted(cls, config: ModelConfig, assets: Assets) -> ModelConfig:
        table = assets.array("strokes.npy", made_by=RENDER)
        return config.with_settings("strokes", StrokeSettings(n_strokes=table.shape[1]))

    def fill(self, assets: Assets) -> None:
        table = assets.array("strokes.npy", made_by=RENDER)
        with torch.no_grad():
            self.counts.weight.copy_(torch.from_numpy(np.array(table)))

    def forward(self, batch: Batch) -> Tensor:
        embedded: Tensor = self.map(self.counts(batch["input_ids"]))
        return embedded


@dataclasses.dataclass(frozen=True, kw_only=True)
class JudgedSettings:
    """How large the guesser is."""

    guesser_size: float = setting(0.5, "its width, as a share", minimum=0)


class Judged(Body):
    """A guesser and a judge."""

    gives = ("guesser", "judge")
    main = "judge"
    reads: ClassVar = {"mlm": "guesser"}
    needs = ("keys",)
    Settings = JudgedSettings

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        share = config.settings_of("judged", JudgedSettings).guesser_size
        width = int(config.hidden_size * share)
        narrow = dataclasses.replace(config, hidden_size=width, intermediate_size=2 * width)
        self.embeddings = nn.ModuleList([make_embeddings(narrow), make_embeddings(config)])
        self.stacks = nn.ModuleList([make_stack(narrow), make_stack(config)])
        specs = [spec_of(one, made) for one, made in zip((narrow, config), self.embeddings, strict=True)]
        specs[1] = dataclasses.replace(specs[1], needs=(*specs[1].needs, *self.needs))
        self.streams = dict(zip(self.gives, specs, strict=True))

    def encode(self, name: str, passing: Pass) -> HiddenStream:
        if name == "guesser":
            return encoded(self.embeddings[0], self.stacks[0], passing.batch, all_layers=passing.all_layers)
        batch, found = passing.batch, {}
        if "mlm" in passing.predictions:
            batch, found = guessed(passing.batch, passing.predictions["mlm"])
        made = encoded(self.embeddings[1], self.stacks[1], batch, all_layers=passing.all_layers)
        return dataclasses.replace(made, found=found)

    def multiply_adds(self, name: str, length: int) -> float:
        return self.stacks[self.gives.index(name)].multiply_adds(length)


def guessed(batch: Batch, made: Prediction) -> tuple[Batch, dict[str, Tensor]]:
    """Put a drawn guess in every masked place; tell which tokens are another than the original."""
    places, shape = batch["masked_positions"], batch["input_ids"].shape
    keys = batch["keys"][places // shape[1]]
    noise = uniform(bits(bits(keys, places % shape[1])[:, None], torch.arange(made.logits.shape[1])))
    drawn = (made.logits.detach().float() - (-noise.log()).log()).argmax(-1)
    ids = batch["input_ids"].flatten().index_put((places,), drawn)
    wrong = torch.zeros_like(ids).index_put((places,), (drawn != batch["masked_labels"]).long())
    return dict(batch) | {"input_ids": ids.view(shape)}, {"wrong": wrong.view(shape)}


class Wrong(Objective):
    """Which real tokens are not the original ones?"""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.score = nn.Linear(config.hidden_size, 1)

    def count(self, batch: Batch) -> int:
        return int(batch.get("attention_mask", torch.ones_like(batch["input_ids"])).sum())

    def forward(self, stream: HiddenStream) -> Prediction:
        logits = self.score(stream.hidden_states)[..., 0].float()
        labels = stream.found["wrong"]
        real = stream.batch.get("attention_mask", torch.ones_like(labels).bool())
        losses = nn.functional.binary_cross_entropy_with_logits(logits, labels.float(), reduction="none")
        return Prediction(logits.flatten(), labels.where(real, -100).flatten(), (losses * real).flatten())

    def multiply_adds(self, masked_share: float) -> float:
        return self.config.hidden_size


TOY = Format(
    model_type="toy", prefix="toy.", weights=(("objectives.wrong.score.{p}", ("toy.wrong.{p}",)),),
    fields={"hidden_size": "dim"}, matches=lambda config: config.body == "judged", architecture=lambda _: "ToyModel",
)  # fmt: skip
RECIPE = """
base = "bert"
[model]
inputs = ["token", "position", "strokes"]
body = "judged"
objectives = ["mlm", "wrong"]
objective_weights = [1, 50]
objective_rise = [0, 4]
format = "zhprep"
sizes.nano = {num_hidden_layers = 2, hidden_size = 32, num_attention_heads = 2, intermediate_size = 64}
[model.judged]
guesser_size = 0.25
"""


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(INPUTS, "strokes", StrokeInput)
    monkeypatch.setitem(BODIES, "judged", Judged)
    monkeypatch.setitem(OBJECTIVES, "wrong", Wrong)
    monkeypatch.setattr("zhprep.models.checkpoints.FORMATS", {"toy": TOY, **FORMATS})


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = write_instances(tmp_path / "data")
    write_vocabulary(folder / "vocab")
    np.save(folder / "vocab" / "strokes.npy", np.arange(len(TOKENS) * 6, dtype=np.float32).reshape(-1, 6) / 100)
    return folder


def train(data: Path, recipe: str, *arguments: object, run: str = "run"):
    path = data.parent / f"{run}.toml"
    path.write_text(recipe)
    settings = ("--recipe", path, "--size", "nano", "--steps", 6, "--batch-size", 8, "--threads", 1, "--log-every", 1)
    return zhprep("pretrain", data, "-o", data.parent / run, *settings, "--quiet", *arguments)


def test_it_is_trained_saved_loaded_and_evaluated(data, sample_data):
    result = train(data, RECIPE, "--json")
    assert result.code == 0, result.err
    run = data.parent / "run"
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    assert lines[0]["loss"].keys() == {"mlm", "wrong"}
    assert result.report["held_out"]["wrong"]["count"] > result.report["held_out"]["mlm"]["count"] > 0
    described = json.loads((run / "config.json").read_text())
    assert described["model_type"] == "zhprep"
    assert described["zhprep"]["parts"] == {"judged": {"guesser_size": 0.25}, "strokes": {"n_strokes": 6}}
    model = load_model(run)
    assert model.body.streams["guesser"].config.hidden_size == 8
    moved = model.body.embeddings[1].inputs["strokes"].counts.weight - torch.from_numpy(
        np.load(data / "vocab" / "strokes.npy")
    )
    assert 0 < moved.abs().max() < 0.1  # the table of the file, trained a little
    task = ("--task", sample_data / "tasks" / "topic", "--epochs", 1, "--seeds", 0, "--max-length", 32)
    evaluated = zhprep("evaluate", run, *task, "--quiet", "--json")
    assert evaluated.code == 0, evaluated.err
    assert evaluated.report["intrinsic"]["loss"] == pytest.approx(result.report["held_out"]["mlm"]["loss"], rel=1e-5)
    assert evaluated.report["intrinsic"]["objectives"].keys() == {"mlm", "wrong"}
    assert evaluated.report["tasks"]["topic"]["dev_rows"] > 0


@pytest.mark.parametrize("parts", [2, 3])
def test_its_draws_do_not_depend_on_how_the_batch_is_cut(data, parts):
    for run, cut in (("whole", 1), ("cut", parts)):
        still = RECIPE.replace("[model]", "[model]\nhidden_dropout = 0.0\nattention_dropout = 0.0")
        assert train(data, still, "--accumulate", cut, run=run).code == 0
    losses = [
        [json.loads(line).get("loss") for line in (data.parent / run / "log.jsonl").read_text().splitlines()]
        for run in ("whole", "cut")
    ]
    for whole, cut in zip(*losses, strict=True):
        assert whole == (cut if whole is None else pytest.approx(cut, rel=1e-4))


@pytest.mark.parametrize(
    ("change", "code", "parts"),
    [
        (('"mlm", "wrong"', '"mlm", "wrong:guessr"'), 2, ["stream 'guessr'", "'judged' does not give", "'guesser'"]),
        (('"mlm", "wrong"', '"mlm", "next_sentence:guesser"'), 0, []),
        (('body = "judged"', ""), 2, ["[model.judged] is of no part of this model"]),
        (("guesser_size =", "guesser_sise ="), 2, ["unknown setting 'guesser_sise' in [model.judged]", "guesser_size"]),
        (('format = "zhprep"', 'format = "bert"'), 2, ["cannot be saved as 'bert'"]),
        (("[model]\n", "[model]\nwidth = 32\n"), 2, ["unknown setting 'width' in [model]", "hidden_size"]),
    ],
)
def test_what_does_not_fit_is_told_before_the_first_step(data, change, code, parts):
    result = train(data, RECIPE.replace(*change))
    if not code:
        assert result.code == 0, result.err
        return
    refused(result, code, *parts)
    assert not (data.parent / "run").exists()


def test_a_missing_asset_is_told_with_the_command_that_makes_it(data):
    (data / "vocab" / "strokes.npy").unlink()
    refused(train(data, RECIPE), 2, "the model needs strokes.npy, which is not in", RENDER)
    assert not (data.parent / "run").exists()


def test_a_weight_without_a_name_in_the_format_is_named(data):
    result = train(data, RECIPE.replace('format = "zhprep"', ""))
    refused(result, 2, "'toy' has no name for the weight body.embeddings.0.inputs.token.table.weight", "zhprep")
    assert not (data.parent / "run").exists()
