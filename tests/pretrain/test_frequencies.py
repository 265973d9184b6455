from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from training_data import nano

from zhprep.engine.distribution import World
from zhprep.pretrain.frequencies import log_shares
from zhprep.pretrain.job import set_up


@pytest.fixture
def job(data, vocabulary, config, tmp_path):
    def make(**changes):
        return set_up([data], tmp_path, nano(), dataclasses.replace(config, **changes), vocabulary, World())

    return make


def test_output_biases_begin_as_shares_of_tokens(job):
    made, plain = job(unigram_bias=True), job()
    stage = made.stages[0]
    ids = np.concatenate([stage.batches.instances.gather(np.array([row])).tokens.values for row in stage.rows])
    counts = {int(token): int(count) for token, count in zip(*np.unique(ids, return_counts=True), strict=True)}
    bias = made.model.get_parameter("objectives.mlm.head.bias").detach().numpy()
    assert np.exp(bias.astype(np.float64)).sum() == pytest.approx(1.0, rel=1e-5)
    special = set(np.flatnonzero(made.vocabulary.is_special).tolist())
    seen = [token for token in counts if token not in special]
    first = seen[0]
    for token in seen:
        assert bias[token] - bias[first] == pytest.approx(np.log(counts[token] / counts[first]), abs=1e-5)
    assert all(bias[token] <= min(bias[other] for other in seen) for token in special)
    assert not plain.model.get_parameter("objectives.mlm.head.bias").any()
    others = [name for name, _ in plain.model.named_parameters() if name != "objectives.mlm.head.bias"]
    assert all(torch.equal(made.model.get_parameter(name), plain.model.get_parameter(name)) for name in others)


def test_shares_of_many_rows_are_those_of_some(job, monkeypatch):
    made = job()
    stage, rows = made.stages[0], made.stages[0].rows
    whole = log_shares(stage.batches.instances, rows, made.vocabulary)
    monkeypatch.setattr("zhprep.pretrain.frequencies.N_ROWS", len(rows) // 2)
    some = log_shares(stage.batches.instances, rows, made.vocabulary)
    assert not np.array_equal(whole, some)
    assert np.exp(some.astype(np.float64)).sum() == pytest.approx(1.0, rel=1e-5)
    assert np.corrcoef(whole, some)[0, 1] > 0.8
