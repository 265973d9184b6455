"""Every command that writes, each way, on a corpus of a few hundred sentences."""

from __future__ import annotations

from pathlib import Path

from command_line import made_by, zhprep

SENTENCES = "".join(f"今天天气很好，我们去第{i}个公园散步，很高兴。\n他们说明天会开心。\n\n" for i in range(60))
EXPORTS = ("parquet", "jsonl", "tfrecord", "hdf5", "megatron", "mds", "ernie")

WRITERS: dict[str, tuple[str, ...]] = {
    "to txt": ("normalize", "{x}", "-o", "{out}.txt"),
    "to jsonl": ("segment", "{x}", "-o", "{out}.jsonl"),
    "to arrow": ("segment", "{x}", "-o", "{out}.arrow"),
    "to a folder": ("segment", "{x}", "--block-size", "2000", "-o", "{out}"),
    "word table": ("extract-pinyin", "{x}", "-o", "{out}/x.txt", "--word-table", "{out}/words.npz"),
    "build-vocab": ("build-vocab", "{x}", "--size", "300", "--min-frequency", "1", "-o", "{out}"),
    "render-glyphs": ("render-glyphs", "--vocab", "{vocab}", "--size", "12", "-o", "{out}"),
    "make-instances": ("make-instances", "{x}", "--vocab", "{vocab}", "--max-length", "32", "--block-size", "2000", "-o", "{out}"),
    "similar-words": ("similar-words", "{x}", "--min-count", "1", "--least", "0", "-o", "{out}/similar.tsv"),
    "inspect html": ("inspect", "{data}", "--html", "{out}.html"),
    "inspect glyphs": ("inspect", "{vocab}", "--glyphs", "{out}.png"),
    "pretrain": ("pretrain", "{data}", "--size", "tiny", "--steps", "1", "--batch-size", "2", "-o", "{out}"),
    **{f"export {form}": ("export", "{data}", "--to", form, "-o", "{out}") for form in EXPORTS},
    "export chinesebert": ("export", "{vocab}", "--to", "chinesebert", "-o", "{out}"),
}  # fmt: skip


def make_inputs(top: Path) -> Path:
    """Make what those commands read: a corpus, a vocabulary with images, instances."""
    (top / "x.txt").write_text(SENTENCES, encoding="utf-8")
    made_by("build-vocab", top / "x.txt", "--size", 300, "--min-frequency", 1, "--strip-accents", output=top / "vocab")
    assert zhprep("render-glyphs", "--vocab", top / "vocab", "--size", 12, "--quiet").code == 0
    made_by("make-instances", top / "x.txt", "--vocab", top / "vocab", "--max-length", 32, output=top / "data")
    return top


def line(name: str, made: Path, out: Path) -> list[str]:
    """Return the command ``name`` on the inputs in ``made``, to write ``out``."""
    folders = {"x": made / "x.txt", "vocab": made / "vocab", "data": made / "data", "out": out}
    return [part.format(**folders) for part in WRITERS[name]]
