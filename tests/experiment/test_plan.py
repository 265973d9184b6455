"""Plans: those that travel with zhprep, what they compare, and what is wrong with others."""

from __future__ import annotations

import pytest
from command_line import refused, zhprep

from zhprep.core.errors import UsageError
from zhprep.core.progress import Progress
from zhprep.core.shards import Output
from zhprep.experiment.budget import InstanceSize, TrainingBudget, budget_for
from zhprep.experiment.grid import Site, cells_of
from zhprep.experiment.plan import BudgetConfig, load_plan, plan_names
from zhprep.experiment.running import Experiment
from zhprep.models import model_config
from zhprep.models.model import n_parameters, seeded_model, shapes_alone
from zhprep.recipes import load_recipe
from zhprep.run.recipe import Run

VARIANTS = {
    "char-word": ["char", "char-wwm", "word", "mixed"],
    "four-masks": ["char", "wwm", "ngram", "mac"],
    "glyph-pinyin": ["both", "pinyin", "glyph", "neither"],
    "input-formats": ["segment-pair", "sentence-pair", "full-sentences", "doc-sentences"],
    "layers-and-tuning": [
        "full", "features-top", "features-embedding", "features-all", "adapters", "lora", "gradual",
    ],
    "mac-replacements": ["mac", "random", "partial", "all-mask"],
    "sharing": ["all", "attention", "feed-forward", "none"],
    "static-dynamic": ["dynamic", "static", "static-once"],
}  # fmt: skip
SHARED_MODELS = {"layers-and-tuning"}


def experiment(name, folder, sizes=("tiny",), seeds=(0, 1), steps=10):
    return Experiment(load_plan(name), Site(Output(folder), (), Progress), sizes, seeds, steps)


def written(folder, text):
    file = folder / "plan.toml"
    file.write_text(text, encoding="utf-8")
    return str(file)


def test_these_are_the_plans():
    assert plan_names() == sorted(VARIANTS)
    listed = zhprep("experiment", "--list").out.decode()
    assert all(f"{name} " in listed and load_plan(name).title in listed for name in VARIANTS)


@pytest.mark.parametrize("name", VARIANTS)
def test_the_grid_of_a_plan(name, tmp_path):
    made = experiment(name, tmp_path)
    made.check()
    names = [f"{variant}-tiny-seed{seed}" for seed in (0, 1) for variant in VARIANTS[name]]
    assert [cell.name for cell in made.cells] == names
    assert zhprep("experiment", name, "--list", "--size", "tiny", "--seeds", "0,1").out.decode().split() == names
    assert len(made.groups) == (2 if name in SHARED_MODELS else len(names))
    assert zhprep("experiment", name, "--show").out.decode().startswith("title = ")


@pytest.mark.parametrize("name", VARIANTS)
def test_models_of_a_plan_can_be_made(name, tmp_path):
    for cell in experiment(name, tmp_path, seeds=(0,)).cells:
        with shapes_alone():
            assert n_parameters(seeded_model(model_config(cell.base.recipe.get("model", {}), "tiny", 100), 0)) > 1000


STATED = {
    "char-word": {
        "vocab.type": ["char", "char", "word", "mixed"],
        "instances.mask": ["char", "wwm", "char", "char"],
        "instances.format": ["full-sentences"] * 4,
        "model.objectives": [["mlm"]] * 4,
    },
    "four-masks": {
        "instances.mask": ["char", "wwm", "ngram", "mac"],
        "instances.ngram_weights": [None, None, [0.4, 0.3, 0.2, 0.1], [0.4, 0.3, 0.2, 0.1]],
        "instances.replacement": ["bert", "bert", "bert", "similar"],
    },
    "glyph-pinyin": {
        "model.inputs": [
            [name for name in ("token", "pinyin", "glyph", "position", "segment") if name not in without]
            for without in ((), ("glyph",), ("pinyin",), ("glyph", "pinyin"))
        ],
    },
    "input-formats": {
        "instances.format": ["segment-pair", "sentence-pair", "full-sentences", "doc-sentences"],
        "instances.pairs": ["next", "next", "none", "none"],
        "model.objectives": [["mlm", "next_sentence"], ["mlm", "next_sentence"], ["mlm"], ["mlm"]],
    },
    "layers-and-tuning": {
        "evaluate.tune": [None, "features", "features", "features", "adapters", "lora", "gradual"],
        "evaluate.layers": [None, None, "embedding", "all", None, None, None],
    },
    "mac-replacements": {
        "instances.replacement": ["similar", "random", "partial", "all-mask"],
        "instances.mask": ["mac"] * 4,
    },
    "sharing": {"model.shared.sharing": ["all", "attention", "feed-forward", None], "model.stack": ["shared"] * 3 + ["separate"]},
    "static-dynamic": {"instances.static": [None, True, True], "instances.dupe_factor": [None, 10, None]},
}  # fmt: skip
"""What variants state of the settings that a plan compares, in their order; None where it is what is usual."""


@pytest.mark.parametrize("name", VARIANTS)
def test_variants_state_what_the_papers_compare(name, tmp_path):
    runs = [cell.base for cell in experiment(name, tmp_path, seeds=(0,)).cells]
    for setting, expected in STATED[name].items():
        found = []
        for run in runs:
            value = run.recipe
            for key in setting.split("."):
                value = value.get(key) if isinstance(value, dict) else None
            found.append(value)
        assert found == expected, setting


@pytest.mark.parametrize("name", sorted(set(VARIANTS) - SHARED_MODELS))
def test_variants_of_a_plan_differ_in_data_or_model(name, tmp_path):
    made = [cell.base for cell in experiment(name, tmp_path, seeds=(0,)).cells]
    seen = [(run.folder, str(run.recipe["model"])) for run in made]
    assert len(set(seen)) == len(seen)


def test_what_has_the_same_settings_is_shared(tmp_path):
    cells = {cell.name: cell for cell in experiment("four-masks", tmp_path, sizes=("tiny", "mini")).cells}
    one = cells["wwm-tiny-seed0"]
    assert {cell.words for cell in cells.values()} == {one.words}
    assert {cell.vocabulary for cell in cells.values()} == {one.vocabulary}
    same = [name for name, cell in cells.items() if cell.base.folder == one.base.folder]
    assert same == ["wwm-tiny-seed0", "wwm-tiny-seed1", "wwm-mini-seed0", "wwm-mini-seed1"]
    words = {cell.variant: cell.vocabulary for cell in experiment("char-word", tmp_path).cells}
    assert words["char"] == words["char-wwm"] not in (words["word"], words["mixed"])


def test_a_variant_is_its_base_then_what_is_common_then_what_it_states(tmp_path):
    text = """
[common.vocab]
size = 3000
[common.instances]
max_length = 64
[sizes.tiny.vocab]
size = 2000
[sizes.tiny.budget]
steps = 7
[budget]
steps = 9
[variants.a]
base = "bert-wwm"
[variants.b]
base = "bert-wwm"
[variants.b.vocab]
size = 1000
"""
    plan = load_plan(written(tmp_path, text))
    a, b = (plan.recipe(name, "tiny") for name in "ab")
    assert (a["name"], a["instances"]["mask"], a["instances"]["max_length"]) == ("bert-wwm", "wwm", 64)
    assert (a["vocab"]["size"], b["vocab"]["size"], plan.recipe("a", "mini")["vocab"]["size"]) == (2000, 1000, 3000)
    assert a["pretrain"]["batch_size"] == 32  # bert's at tiny
    assert [plan.budget(size).steps for size in ("tiny", "mini")] == [7, 9]


def test_a_base_is_looked_for_beside_the_plan(tmp_path):
    (tmp_path / "mine.toml").write_text('base = "bert"\n[instances]\nmask = "ngram"\n')
    plan = load_plan(written(tmp_path, '[variants.a]\nbase = "mine.toml"\n'))
    assert plan.recipe("a", "tiny")["instances"]["mask"] == "ngram"


UNFAIR = {
    '[variants.b.pretrain]\nsteps = 4': ("variant 'b': states steps of its own", "[budget] steps"),
    '[variants.b.sizes.tiny.pretrain]\nsteps = 4': ("variant 'b': states steps of its own", "[budget] steps"),
    "[variants.b.instances]\nvalidation_fraction = 0.2": ("'a' and 'b' cannot be", "validation_fraction is 0.01 and 0.2"),
    '[variants.b.instances]\nsplit = "all"': ("variant 'b' holds out instances", 'split = "apart"'),
    '[variants.b.normalize]\nsplit = false': ("'a' and 'b' cannot be compared", "normalize split is True and False"),
    '[variants.b.initial]\nrecipe = "bert"': ("'a' and 'b' cannot be compared", "[initial] is None"),
}  # fmt: skip


@pytest.mark.parametrize("own", UNFAIR)
def test_what_is_unfair_is_refused(own, sample_data, tmp_path):
    plan = written(tmp_path, f'[variants.a]\nbase = "bert"\n[variants.b]\nbase = "bert"\n{own}\n')
    refused(zhprep("experiment", plan, sample_data / "corpus", "-o", tmp_path / "x", "--size", "tiny"), 2, *UNFAIR[own])
    assert [path.name for path in tmp_path.iterdir()] == ["plan.toml"]


WRONG = {
    "[variant.a]": (2, "unknown part 'variant'", "did you mean 'variants'?"),
    "title = 3": (2, "title cannot be 3", 'write title = "…"'),
    "[common.instance]\nmask = 'wwm'": (2, "[common] has no section 'instance'", "'instances'"),
    "[sizes.tiny]\nsteps = 3": (2, "[sizes.tiny] has no section 'steps'"),
    "[grid]\nseed = [1]": (2, "unknown setting 'seed' in [grid]", "'seeds'"),
    "[budget]\nequal = 'steps'": (2, "equal cannot be 'steps' in [budget]", "tokens"),
    "[variants]\na = 3": (2, "variants.a is no variant",),
    '[variants."a/b"]\nbase = "bert"': (2, "variants.a/b is no variant",),
    '[variants.a]\nbase = "brt"': (2, "unknown recipe 'brt'", "'bert'"),
    '[variants.a]\nbase = "bert"\n[variants.a.instances]\nmask = "wmw"': (2, "unknown mask strategy 'wmw'", "'wwm'"),
    'title = "none"': (2, "has no variants"),
    "title = none": (3, "is not TOML"),
}  # fmt: skip


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_is_told_before_anything_is_read(text, tmp_path):
    code, *parts = WRONG[text]
    text = text if "ariants" in text or "none" in text else f'{text}\n[variants.a]\nbase = "bert"'
    rest = (tmp_path / "missing.txt", "-o", tmp_path / "x", "--size", "tiny")
    refused(zhprep("experiment", written(tmp_path, text), *rest), code, *parts)
    assert [path.name for path in tmp_path.iterdir()] == ["plan.toml"]


def test_what_is_missing_is_told(tmp_path):
    refused(zhprep("experiment"), 2, "PLAN is missing", "--list")
    refused(zhprep("experiment", "four-masks"), 2, "-o DIR is missing")
    refused(zhprep("experiment", "for-masks", "x", "-o", tmp_path / "x"), 2, "unknown plan", "'four-masks'")
    with pytest.raises(UsageError, match="unknown size"):
        experiment("four-masks", tmp_path, sizes=("tinny",)).check()
    assert cells_of(load_plan("sharing"), Site(Output(tmp_path), (), Progress), ("tiny",), (3,))[0].seed == 3


def test_variants_of_other_batches_see_as_much_text_where_a_phase_states_its_own(tmp_path):
    phases = ({"steps": 8}, {"steps": 2, "batch_size": 128})
    own = {"batch_size": 512, "steps": 100, "phases": phases}
    run = Run(load_recipe("bert", size="tiny"), tmp_path, Output(tmp_path), "tiny", flags={"pretrain": own})
    sizes = [InstanceSize(tokens=100.0, characters=100.0)] * 2
    first = TrainingBudget(steps=100, batch_size=512, tokens=8_000_000, characters=8_000_000)
    found = budget_for(run, sizes, BudgetConfig(scale="batch_size"), first)
    assert found.batch_size != 512
    assert found.tokens == pytest.approx(first.tokens, rel=0.01)
