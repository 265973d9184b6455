"""A pickle in the place of any file that is loaded never runs."""

from __future__ import annotations

import io
import pickle
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from command_line import made_by, zhprep
from fault_table import fault
from writing_commands import SENTENCES

STEPS = 4
RUN = ("--size", "tiny", "--steps", STEPS, "--batch-size", 2, "--checkpoint-every", 2, "--threads", 1, "--quiet")


class Canary:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.path,)


def as_pickle(canary: Canary) -> bytes:
    return pickle.dumps(canary, 2)


def as_array(canary: Canary) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.array([canary], object), allow_pickle=True)
    return buffer.getvalue()


def as_arrays(canary: Canary) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in ("fingerprint", "words", "starts", "syllables"):
            archive.writestr(f"{name}.npy", as_array(canary))
    return buffer.getvalue()


def as_weights(canary: Canary) -> bytes:
    import torch

    buffer = io.BytesIO()
    torch.save({"weight": canary}, buffer)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("made")
    (top / "x.txt").write_text(SENTENCES, encoding="utf-8")
    made_by("build-vocab", top / "x.txt", "--size", 300, "--min-frequency", 1, output=top / "vocab")
    assert zhprep("render-glyphs", "--vocab", top / "vocab", "--size", 8, "--quiet").code == 0
    made_by("make-instances", top / "x.txt", "--vocab", top / "vocab", "--max-length", 32, output=top / "data")
    (top / "words.npz").touch()
    assert zhprep("pretrain", top / "data", *RUN, "--stop-after", 2, "-o", top / "stopped").code == 85
    made_by("pretrain", top / "data", *RUN[:-1], output=top / "run")
    return top


Attack = tuple[str, Callable[[Canary], bytes], tuple[object, ...]]

PRETRAIN = ("pretrain", "{data}", *RUN)
ATTACKS: dict[str, Attack] = {
    "images": ("vocab/glyphs.npy", as_array, ("inspect", "{vocab}", "--glyphs", "{out}.png")),
    "images as a pickle": ("vocab/glyphs.npy", as_pickle, ("inspect", "{vocab}", "--glyphs", "{out}.png")),
    "tokenizer": ("vocab/tokenizer.json", as_pickle, ("make-instances", "{x}", "--vocab", "{vocab}", "-o", "{out}")),
    "special tokens": ("vocab/special_tokens_map.json", as_pickle, ("show-masks", "今天", "--vocab", "{vocab}")),
    "a table of words": ("words.npz", as_arrays, ("extract-pinyin", "{x}", "-o", "{out}.txt", "--word-table", "{top}/words.npz")),
    "a table of words as a pickle": ("words.npz", as_pickle, ("extract-pinyin", "{x}", "-o", "{out}.txt", "--word-table", "{top}/words.npz")),
    "a shard": ("data/data-00000-of-00001.arrow", as_pickle, (*PRETRAIN, "-o", "{out}")),
    "a manifest": ("data/manifest.json", as_pickle, ("verify", "{data}")),
    "a plan": ("data/plan.json", as_pickle, ("status", "{data}")),
    "a receipt": ("data/.receipts/00000.json", as_pickle, ("verify", "{data}")),
    "weights of a model": ("run/model.safetensors", as_weights, ("evaluate", "{run}", "--overwrite")),
    "the config of a model": ("run/config.json", as_pickle, ("evaluate", "{run}", "--overwrite")),
    "weights of a checkpoint": ("stopped/step-2/model.safetensors", as_weights, (*PRETRAIN, "-o", "{stopped}")),
    "an optimiser": ("stopped/step-2/optimizer.safetensors", as_weights, (*PRETRAIN, "-o", "{stopped}")),
    "the manifest of a checkpoint": ("stopped/step-2/MANIFEST.json", as_pickle, (*PRETRAIN, "-o", "{stopped}")),
    "a recipe": ("recipe.toml", as_pickle, ("recipes", "{top}/recipe.toml")),
    "similar words": ("similar.tsv", as_pickle, ("make-instances", "{x}", "--vocab", "{vocab}", "--replacement", "similar", "--similar-words", "{top}/similar.tsv", "-o", "{out}")),
    "a user's dictionary": ("user.txt", as_pickle, ("segment", "{x}", "--user-dictionary", "{top}/user.txt", "-o", "{out}.txt")),
    "a model of pkuseg": ("pku/features.pkl", as_pickle, ("segment", "{x}", "--cws", "pkuseg", "--model", "{top}/pku", "-o", "{out}.txt")),
    "a corpus": ("corpus.arrow", as_pickle, ("segment", "{top}/corpus.arrow", "-o", "{out}.txt")),
    "rows of Parquet": ("corpus.parquet", as_pickle, ("segment", "{top}/corpus.parquet", "-o", "{out}.txt")),
}  # fmt: skip
"""A file, what lies in its place, and the command that reads it."""


@fault(13, 1)
@pytest.mark.parametrize("name", ATTACKS)
def test_a_pickle_never_runs(name: str, made: Path, tmp_path: Path, tried: Callable[[], None]) -> None:
    top = shutil.copytree(made, tmp_path / "made")
    file, form, command = ATTACKS[name]
    canary = Canary(tmp_path / "ran")
    pickle.loads(as_pickle(canary))
    assert canary.path.exists(), "it would run"
    canary.path.unlink()
    path = top / file
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(form(canary))
    for manifest in [path.parent / "manifest.json"] if "as a pickle" in name else []:
        manifest.unlink(missing_ok=True)  # nobody says what the bytes must be
    folders = {part: top / part for part in ("data", "vocab", "run", "stopped")}
    parts = [str(part).format(x=top / "x.txt", top=top, out=tmp_path / "out", **folders) for part in command]
    result = zhprep(*parts)
    assert not canary.path.exists()
    assert result.code in (2, 3), (result.code, result.err)
    assert "defect of zhprep" not in result.err
    tried()
