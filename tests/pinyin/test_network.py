"""The network against a plain evaluation of the same weights, one sentence and one character at a time."""

from __future__ import annotations

import numpy as np
import pytest

from zhprep.pinyin import FlatText
from zhprep.pinyin.network import END, START, Network, Weights, product

SENTENCES = ["他长大了", "", "银行行长说：重庆的重量", "a", "了" * 70, "好"]


@pytest.fixture(scope="module")
def weights():
    return Weights.load()


def one_direction(arrays, numbers, suffix):
    """Return the outputs of an LSTM as it stands in a textbook, gates in the order i f g o."""
    state = cell = np.zeros(32)
    outputs = []
    for number in numbers:
        gates = (
            arrays[f"lstm.weight_ih_l0{suffix}"].astype(float) @ arrays["embedding.weight"][number]
            + arrays[f"lstm.bias_ih_l0{suffix}"]
            + arrays[f"lstm.weight_hh_l0{suffix}"].astype(float) @ state
            + arrays[f"lstm.bias_hh_l0{suffix}"]
        )
        i, f, g, o = np.split(gates, 4)
        cell = cell / (1 + np.exp(-f)) + np.tanh(g) / (1 + np.exp(-i))
        state = np.tanh(cell) / (1 + np.exp(-o))
        outputs.append(state)
    return outputs


def plain_states(weights, sentence):
    arrays = weights.arrays
    numbers = [START, *weights.inputs[[ord(c) for c in sentence]].tolist(), END]
    forward = one_direction(arrays, numbers, "")[1:-1]
    backward = one_direction(arrays, numbers[::-1], "_reverse")[1:-1][::-1]
    both = np.concatenate([np.array(forward), np.array(backward)], axis=1)
    return np.maximum(both @ arrays["logit_layer.0.weight"].T + arrays["logit_layer.0.bias"], 0)


@pytest.mark.parametrize(("precision", "tolerance"), [(np.float32, 1e-5), (np.float64, 1e-12)])
def test_states_are_those_of_the_plain_evaluation(weights, precision, tolerance):
    text = FlatText.from_sentences(SENTENCES)
    places = np.arange(len(text.codes))
    states = Network(weights, precision).states(weights.inputs[text.codes], text.sentence_offsets, places)
    assert states.dtype == precision
    expected = np.concatenate([plain_states(weights, sentence) for sentence in SENTENCES if sentence])
    np.testing.assert_allclose(states, expected, rtol=0, atol=tolerance)


def test_only_the_places_asked_for(weights):
    text = FlatText.from_sentences(SENTENCES)
    network, numbers = Network(weights), weights.inputs[text.codes]
    every = network.states(numbers, text.sentence_offsets, np.arange(len(text.codes)))
    some = np.array([1, 6, 40, len(text.codes) - 1])
    np.testing.assert_allclose(network.states(numbers, text.sentence_offsets, some), every[some], rtol=0, atol=1e-4)


@pytest.mark.parametrize(("rows", "inner", "columns"), [(0, 3, 4), (1, 3, 4), (64, 3, 4), (130, 32, 128), (9, 32, 876)])
def test_product_in_blocks(rows, inner, columns):
    left, right = np.random.default_rng(0).random((rows, inner)), np.random.default_rng(1).random((inner, columns))
    np.testing.assert_allclose(product(left, right), left @ right, rtol=1e-12)
