"""Packed rows on their way from the data to the model: no sequence sees another one of its row."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from command_line import made_by
from training_data import nano

from zhprep.engine.distribution import World
from zhprep.pretrain.job import set_up


@pytest.fixture(scope="module")
def packed_data(sample_data, vocab, tmp_path_factory):
    flags = ("--vocab", vocab, "--format", "packed", "--max-length", 32)
    folder = tmp_path_factory.mktemp("packed")
    return made_by("make-instances", sample_data / "corpus" / "news.txt", *flags, output=folder / "data")


@pytest.mark.parametrize(
    "settings", [{}, {"inputs": ["token"], "rotary_theta": 10000.0}, {"inputs": ["token"], "stack": "relative"}]
)
def test_a_sequence_sees_none_of_the_others(settings, packed_data, config, tmp_path):
    job = set_up([packed_data], tmp_path, nano(objectives=["mlm"], **settings), config, None, World())
    model, batch = job.model.eval(), job.stages[0].batches.make(np.arange(8), np.zeros(8, np.int64))
    ids, borders = batch["input_ids"], batch["cu_seqlens"].tolist()
    first = next(end for _, end in itertools.pairwise(borders) if end % ids.shape[1])
    others = ids.clone()
    others.view(-1)[first:] = others.view(-1)[first:].flip(0)
    before, after = (model.encode(batch | {"input_ids": one}).hidden_states.flatten(0, 1) for one in (ids, others))
    torch.testing.assert_close(after[:first], before[:first])
    assert not torch.allclose(after[first:], before[first:])
