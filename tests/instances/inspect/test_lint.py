"""The lint passes what the builder makes, and finds what is wrong."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
import pyarrow as pa
import pytest
from made_words import make_documents, words_batch

from zhprep.core.report import Account
from zhprep.instances import InstanceBuilder, InstancesConfig, Materials, TokenFacts, build_instances
from zhprep.instances.inspect import lint, statistics
from zhprep.instances.inspect.figures import Figures
from zhprep.instances.inspect.lint import chi_square
from zhprep.instances.masks import STRATEGIES


@functools.cache
def documents():
    return words_batch(make_documents(1, 300))


@pytest.fixture
def build(vocabulary, encoder):
    def build(**settings):
        config = InstancesConfig(**{"max_length": 128, "static": True} | settings)
        builder = InstanceBuilder(Materials.of(config, vocabulary, encoder))
        return list(build_instances([documents()], builder)), config

    return build


@pytest.fixture(scope="session")
def facts(vocabulary):
    return TokenFacts.of(vocabulary)


@pytest.mark.parametrize("mask", STRATEGIES)
@pytest.mark.parametrize("per", ["token", "word"])
def test_what_is_made_passes(build, facts, mask, per):
    batches, config = build(mask=mask, per=per)
    assert lint(batches, config, facts).problems == []


@pytest.mark.parametrize("budget", ["words", "bernoulli", "probabilistic", "ceil"])
@pytest.mark.parametrize("static", [True, False])
def test_other_budgets_pass(build, facts, budget, static):
    batches, config = build(budget=budget, static=static)
    assert lint(batches, config, facts).problems == []


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"mask_prob": 0.2}, "tokens are chosen"),
        ({"mask_prob": 0.1}, "over their budget"),
        ({"mask": "char"}, "sizes of chosen words"),
        ({"mask": "span"}, "runs of chosen words"),
        ({"ratios": (0.6, 0.2, 0.2)}, "draws are random"),
        ({"replacement": "all-mask"}, "draws are random"),
    ],
)
def test_what_is_not_as_it_says_is_found(build, facts, said, problem):
    batches, config = build()
    problems = lint(batches, dataclasses.replace(config, **said), facts).problems
    assert any(problem in line for line in problems), problems


def test_half_words_are_found(build, facts):
    batches, config = build(mask="char")
    problems = lint(batches, dataclasses.replace(config, mask="wwm"), facts).problems
    assert any("in part" in line for line in problems)


def changed(batch, column, change):
    values = batch[column].flatten().to_numpy().copy()
    change(values)
    array = pa.ListArray.from_arrays(batch[column].offsets, pa.array(values))
    return batch.set_column(batch.schema.get_field_index(column), batch.schema.field(column), array)


@pytest.mark.parametrize(
    ("column", "change", "problem"),
    [
        ("masked_lm_positions", lambda values: values.__setitem__(0, 0), "special tokens"),
        ("masked_lm_positions", lambda values: values.__setitem__(1, values[0]), "not in order"),
        ("masked_lm_positions", lambda values: values.__setitem__(0, 5000), "beyond"),
        ("mask_kind", lambda values: values.__setitem__(slice(None), 1), "said to be masked"),
        ("mask_kind", lambda values: values.__setitem__(slice(None), 3), "said to be kept"),
        ("mask_kind", lambda values: values.__setitem__(slice(None), 2), "must not be drawn"),
    ],
)
def test_damage_is_found(build, facts, column, change, problem):
    [batch], config = build()
    problems = lint([changed(batch, column, change)], config, facts).problems
    assert any(problem in line for line in problems), problems


def test_labels_out_of_balance_are_found(build, facts):
    [batch], config = build()
    place = batch.schema.get_field_index("next_sentence_label")
    labels = pa.array(np.ones(batch.num_rows, np.uint8))
    wrong = batch.set_column(place, batch.schema.field(place), labels)
    assert any("next_sentence_label" in line for line in lint([wrong], config, facts).problems)
    assert lint([wrong], config, facts, {"pairs_without_next_text": batch.num_rows}).problems == []
    problems = lint([wrong], config, facts, {"pairs_without_other_document": batch.num_rows // 2}).problems
    assert any("next_sentence_label" in line for line in problems)


def made_of(documents, vocabulary, encoder, **settings):
    """Return instances of ``documents``, their settings and the counts of the account."""
    config, account = InstancesConfig(**{"max_length": 64, "static": True} | settings), Account()
    builder = InstanceBuilder(Materials.of(config, vocabulary, encoder), account=account)
    return list(build_instances([words_batch(documents)], builder)), config, account.counts


@pytest.mark.parametrize("pair_format", ["segment-pair", "sentence-pair"])
@pytest.mark.parametrize(
    ("documents", "noted"),
    [
        ([[["的"]]] * 2000, True),
        ([[["研究生"]]], False),  # alone: neither next nor other, so that it makes no pair
        ([[["的", "是"]]], True),
        ([[["的"]]] * 150 + make_documents(3, 40), False),
    ],
)
def test_a_check_that_cannot_be_met_is_a_note(documents, noted, pair_format, vocabulary, encoder, facts):
    batches, config, counts = made_of(documents, vocabulary, encoder, format=pair_format)
    findings = lint(batches, config, facts, counts)
    assert findings.problems == []
    assert findings.notes == (["next_sentence_label: no pair could be of both kinds, so it is not checked"] * noted)


@pytest.mark.parametrize("settings", [{}, {"mask": "mac", "replacement": "random"}, {"mask": "chinesebert"}])
def test_many_duplicates_pass(settings, vocabulary, encoder, facts):
    made = made_of(make_documents(5, 12), vocabulary, encoder, dupe_factor=40, **settings)
    assert lint(*made[:2], facts, made[2]).problems == []


@pytest.mark.parametrize("seed", range(20))
def test_rare_draws_among_few_pass(seed, vocabulary, encoder, facts):
    made = made_of(make_documents(seed, 1), vocabulary, encoder, ratios=(0.98, 0.01, 0.01), seed=seed)
    assert lint(*made[:2], facts, made[2]).problems == []


def test_chi_square_keeps_its_level():
    random = np.random.default_rng(0)
    shares = [0.5, 0.3, 0.15, 0.05]
    rows = [chi_square(random.multinomial(400, shares), random.multinomial(900, shares)) for _ in range(2000)]
    statistics_, bounds = np.array(rows).T
    assert abs(statistics_.mean() - 3) < 0.3  # three degrees of freedom
    assert (statistics_ > bounds).sum() == 0
    assert 33.2 < bounds[0] < 36  # the exact 5-sigma quantile is 33.2; the approximation errs on the safe side
    statistic, bound = chi_square(np.array([400, 0, 0, 0]), np.array([200, 120, 60, 20]))
    assert statistic > bound


def test_figures_are_named(build, facts):
    batches, config = build()
    figures = lint(batches, config, facts).found
    named = statistics(figures, config.max_length)
    assert named["chosen_share"] == pytest.approx(0.15, abs=0.02)
    assert sum(named["kinds"].values()) == pytest.approx(1, abs=1e-3)
    assert named["kinds"]["mask"] == pytest.approx(0.8, abs=0.05)
    assert sum(named["words_by_size"].values()) == pytest.approx(1, abs=1e-3)
    assert named["labels"]["next_sentence_label"] == pytest.approx(0.5, abs=0.2)
    assert statistics(Figures(), 128)["chosen_share"] == 0
