"""InfoWord's and SimCSE's objective beside plain twins, in groups that no cut of a step changes."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from zhprep.collate.readings import LONGEST, ngrams
from zhprep.collate.rows import Ragged
from zhprep.core import rng
from zhprep.core.errors import UsageError
from zhprep.models import model_config
from zhprep.models.model import Model, seeded_model
from zhprep.models.stream import HiddenStream
from zhprep.recipes import load_recipe

SIZES = {"nano": {"num_hidden_layers": 2, "hidden_size": 32, "num_attention_heads": 2, "intermediate_size": 64}}
INFOWORD = {
    "objectives": ["contrast"], "body": "compared", "sizes": SIZES, "inputs": ["token", "position"],
    "compared": {"readings": ["ngram", "context"]}, "contrast": {"group": 4},
}  # fmt: skip
SIMCSE = INFOWORD | {
    "compared": {"readings": ["whole", "whole"]},
    "contrast": {"group": 4, "similarity": "cosine", "temperature": 0.05, "pooled": True},
}


def model_of(section: dict[str, object]) -> Model:
    return seeded_model(model_config(section, "nano", 50), 1)


def batch_of(n_rows: int = 8) -> dict[str, torch.Tensor]:
    draw = torch.Generator().manual_seed(n_rows)
    ids = torch.randint(5, 50, (n_rows, 9), generator=draw)
    return {
        "input_ids": ids, "whole_input_ids": ids,
        "attention_mask": torch.arange(9) < torch.randint(4, 10, (n_rows, 1), generator=draw),
        "context_input_ids": torch.randint(5, 50, (n_rows, 9), generator=draw),
        "ngram_input_ids": torch.randint(5, 50, (n_rows, 6), generator=draw),
        "ngram_attention_mask": torch.arange(6) < torch.randint(3, 7, (n_rows, 1), generator=draw),
    }  # fmt: skip


def states_of(model: Model, ids: torch.Tensor, mask: torch.Tensor) -> list[torch.Tensor]:
    """The first state of each row, encoded by itself without its padding."""
    return [
        model.encode({"input_ids": row[real][None]}).hidden_states[0, 0] for row, real in zip(ids, mask, strict=True)
    ]


def test_infoword_is_the_softmax_over_the_ngrams_of_the_group() -> None:
    """f(n-gram)·f(text) − log Σ exp f(n-gram of any row of the group)·f(text) (systems of Qiu et al., DIM)."""
    model, batch = model_of(INFOWORD).eval(), batch_of()
    grams = states_of(model, batch["ngram_input_ids"], batch["ngram_attention_mask"])
    texts = states_of(model, batch["context_input_ids"], batch["attention_mask"])
    total = 0.0
    for row, text in enumerate(texts):
        group = range(row // 4 * 4, row // 4 * 4 + 4)
        scores = {other: (grams[other] * text).sum().item() for other in group}
        highest = max(scores.values())
        total -= scores[row] - highest - math.log(sum(math.exp(score - highest) for score in scores.values()))
    assert model(batch)["contrast"].item() == pytest.approx(total, rel=1e-5)
    assert model.counts(batch) == {"contrast": 8}


def test_scaled_products_are_those_over_the_root_of_the_width() -> None:
    scaled = model_of(INFOWORD | {"contrast": {"group": 4, "similarity": "scaled"}}).eval()
    plain = model_of(INFOWORD | {"contrast": {"group": 4, "temperature": math.sqrt(32)}}).eval()
    assert scaled(batch_of())["contrast"].item() == pytest.approx(plain(batch_of())["contrast"].item(), rel=1e-5)


def test_a_fresh_model_of_the_recipe_knows_nothing_and_says_so() -> None:
    """By raw products it takes for real what dropout does to its states: 6.6 nats where guessing costs 3.5."""
    recipe, batch, lost = load_recipe("infoword", size="tiny")["model"], batch_of(32), {}
    for name in ("context_input_ids", "ngram_input_ids"):
        batch[name][:, 0] = 2  # [CLS]
    for similarity in ("scaled", "product"):
        section = {**recipe, "objectives": ["contrast"], "objective_weights": []}
        section["contrast"] = {**recipe["contrast"], "similarity": similarity}
        model = seeded_model(model_config(section, "tiny", 50), 1).train()
        torch.manual_seed(1)
        lost[similarity] = model(batch)["contrast"].item() / 32
    assert recipe["contrast"]["similarity"] == "scaled"
    assert lost["scaled"] == pytest.approx(math.log(32), abs=0.2)
    assert lost["product"] > math.log(32) + 0.5


def test_simcse_is_the_cross_entropy_of_cosines_under_two_dropouts() -> None:
    """−log exp(cos(h, h')/τ) / Σ exp(cos(h, h'_j)/τ), h by a dense layer with tanh (arXiv:2104.08821, eq. 4)."""
    model, batch = model_of(SIMCSE).train(), batch_of()
    torch.manual_seed(3)
    loss = model(batch)["contrast"].item()
    torch.manual_seed(3)
    seen = {"input_ids": batch["whole_input_ids"], "attention_mask": batch["attention_mask"]}
    pooler = model.objectives["contrast"].pooler
    first, second = (
        [torch.tanh(pooler.weight @ state + pooler.bias) for state in model.encode(seen).hidden_states[:, 0]]
        for _ in range(2)
    )
    assert not torch.equal(first[0], second[0])
    total = 0.0
    for row, text in enumerate(second):
        group = range(row // 4 * 4, row // 4 * 4 + 4)
        cosines = [((first[other] @ text) / first[other].norm() / text.norm()).item() for other in group]
        total -= cosines[row % 4] / 0.05 - math.log(sum(math.exp(cosine / 0.05) for cosine in cosines))
    assert loss == pytest.approx(total, rel=1e-4)


@pytest.mark.parametrize("section", [INFOWORD, SIMCSE], ids=["infoword", "simcse"])
def test_likenesses_are_float32_under_autocast(section: dict[str, object]) -> None:
    """Products of states that a norm has made are in the hundreds: in bfloat16 they were off by 1 and more."""
    wide = {"nano": SIZES["nano"] | {"hidden_size": 512}}
    objective = model_of({**section, "sizes": wide}).eval().objectives["contrast"]
    draw = torch.Generator().manual_seed(1)
    texts, others = torch.nn.functional.layer_norm(torch.randn(2, 4, 512, generator=draw), (512,))
    stream = HiddenStream(texts[:, None], texts, {"input_ids": texts}, found={"other_states": others})
    plain = objective(stream).logits
    with torch.autocast("cpu", torch.bfloat16):
        found = objective(stream).logits
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, plain, rtol=0, atol=0)


def test_a_step_resumed_draws_the_same_views() -> None:
    model, batch = model_of(SIMCSE).train(), batch_of()
    losses = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        losses.append(model(batch)["contrast"].item())
    assert losses[0] == losses[1] != losses[2]


@pytest.mark.parametrize("section", [INFOWORD, SIMCSE], ids=["infoword", "simcse"])
def test_groups_make_the_loss_one_of_no_cut(section: dict[str, object]) -> None:
    model, batch = model_of(section).eval(), batch_of()
    parts = [{name: tensor[rows] for name, tensor in batch.items()} for rows in (slice(0, 4), slice(4, 8))]
    assert sum(model(part)["contrast"].item() for part in parts) == pytest.approx(model(batch)["contrast"].item())
    assert model.group == 4


@pytest.mark.parametrize(("n_rows", "count"), [(1, 0), (2, 2), (4, 4), (5, 4), (6, 6), (9, 8)])
def test_a_row_alone_in_its_group_is_left_out(n_rows: int, count: int) -> None:
    model, batch = model_of(INFOWORD).eval(), batch_of(n_rows)
    found = model.predictions(batch)["contrast"]
    assert model.counts(batch)["contrast"] == found.count.item() == count
    assert torch.isfinite(found.losses).all()


def test_the_last_row_of_an_odd_end_changes_nothing() -> None:
    model, batch = model_of(INFOWORD).eval(), batch_of(5)
    first = {name: tensor[:4] for name, tensor in batch.items()}
    torch.testing.assert_close(model(batch)["contrast"], model(first)["contrast"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"compared": {"readings": ["ngram"]}}, r"readings of \[model.compared\] cannot be \['ngram'\]"),
        ({"compared": {"readings": ["ngram", "contex"]}}, r"cannot be \['ngram', 'contex'\]"),
        ({"inputs": ["token", "position", "pinyin"]}, "cannot read 'pinyin': it would show what a reading hides"),
        ({"contrast": {"similarity": "angle"}}, "similarity"),
        ({"contrast": {"group": 1}}, "group"),
        ({"contrast": {"temperature": 0}}, "temperature"),
    ],
)
def test_what_cannot_be_compared_is_told(change: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        model_of(INFOWORD | change)


def plain_ngram(words: list[int], key: int, chances: list[float]) -> tuple[int, int]:
    """The n-gram of one row, by a loop over its tokens."""
    real = [place for place, word in enumerate(words) if word >= 0]
    if not real:
        return 0, 0
    keys = np.array([key], np.uint64)
    place = real[int(rng.below(rng.bits(keys, 0), len(real))[0])]
    share, wanted = int(rng.bits(keys, 1)[0]) / 2**64, 1
    while wanted < LONGEST and share >= chances[wanted - 1]:
        wanted += 1
    left = right = place
    while left > 0 and words[left - 1] >= 0:
        left -= 1
    while right < len(words) and words[right] >= 0:
        right += 1
    first = max(min(place, right - wanted), left)
    return first, min(first + wanted, right)


def test_ngrams_are_those_of_plain_loops() -> None:
    """Lengths are a normal draw of mean 5 and variance 1, rounded, from 1 to 10; no n-gram has a special token."""
    random = np.random.default_rng(4)
    chances = [0.5 * math.erfc((5 - 0.5 - n) / math.sqrt(2)) for n in range(1, LONGEST)]
    rows = []
    for _ in range(3000):
        words = [-1]
        for _ in range(int(random.integers(1, 4))):
            words += [*range(int(random.integers(0, 30))), -1]
        rows.append(words)
    offsets = np.cumsum([0, *map(len, rows)])
    keys = rng.keys(7, "ngram", 0, np.arange(len(rows)))
    first, last = ngrams(Ragged(np.concatenate(rows), offsets), keys)
    expected = [plain_ngram(words, int(key), chances) for words, key in zip(rows, keys.tolist(), strict=True)]
    begins = offsets[:-1]
    found = list(zip((first - begins).tolist(), (last - begins).tolist(), strict=True))
    full = [number for number, words in enumerate(rows) if max(words) >= 0]
    assert [found[number] for number in full] == [expected[number] for number in full]
    assert all(found[number][0] == found[number][1] for number in set(range(len(rows))) - set(full))
    lengths = np.array([stop - start for number in full for start, stop in [found[number]] if len(rows[number]) > 40])
    assert abs(lengths.mean() - 5) < 0.25
