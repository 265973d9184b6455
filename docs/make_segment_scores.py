"""Write docs/segment-scores.md: every engine over gold standards.

``python docs/make_segment_scores.py GOLD_FOLDER [MODEL]``: GOLD_FOLDER holds ``*.txt`` files, a sentence a line, words
separated by spaces; MODEL is pkuseg's, converted. Engines whose package or model is absent are left out.
"""

from __future__ import annotations

import pathlib
import sys

from zhprep.core.errors import UsageError
from zhprep.segment import Engine, SegmentConfig, load_engine
from zhprep.segment.score import score

HEAD = """# Segmenters against gold standards

F1 of words, in per cent, as the SIGHAN bakeoffs define it: a word is right when both its ends are. Behind it the recall
of words that are not in the engine's own dictionary, where it has one; punctuation and numbers are not in jieba's, so
they count there and make that figure high. Standards differ in what a word is, so no engine can agree with all of them.
What pkuseg and THULAC were trained on is not stated in full: it may overlap with these texts.

Written by `python docs/make_segment_scores.py GOLD_FOLDER MODEL`; one file: `zhprep segment --cws NAME --score GOLD`.
"""


def main(folder: str, model: str | None) -> None:
    """Score every engine over every file and write the page."""
    engines = list(_engines(model).items())
    rows = [
        "| gold standard | words | " + " | ".join(name for name, _ in engines) + " |",
        "|---|---|" + "---|" * len(engines),
    ]
    for path in sorted(pathlib.Path(folder).glob("*.txt")):
        results = [score(engine, path.read_text("utf-8").split("\n")) for _, engine in engines]
        cells = [_cell(result["f1"], result["oov_recall"]) for result in results]
        rows.append(f"| {path.stem} | {results[0]['gold_words']:,} | " + " | ".join(cells) + " |")
        print(rows[-1], file=sys.stderr)
    page = HEAD + "\n" + "\n".join(rows) + "\n"
    pathlib.Path(__file__).with_name("segment-scores.md").write_text(page, "utf-8")


def _cell(f1: float, oov_recall: float | None) -> str:
    return f"{100 * f1:.1f}" if oov_recall is None else f"{100 * f1:.1f} ({100 * oov_recall:.1f})"


def _engines(model: str | None) -> dict[str, Engine]:
    wanted = {
        "jieba": SegmentConfig(),
        "jieba, no HMM": SegmentConfig(hmm=False),
        "pkuseg": SegmentConfig(cws="pkuseg", model=model),
        "thulac": SegmentConfig(cws="thulac"),
        "ltp": SegmentConfig(cws="ltp"),
        "lac": SegmentConfig(cws="lac"),
        "characters": SegmentConfig(cws="characters"),
    }
    engines = {}
    for name, config in wanted.items():
        try:
            engines[name] = load_engine(config)
        except UsageError as error:
            print(f"without {name}: {error}", file=sys.stderr)
    return engines


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None)
