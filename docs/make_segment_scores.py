"""Write docs/segment-scores.md: every engine over gold standards, and Traditional text read both ways.

``python docs/make_segment_scores.py GOLD_FOLDER [MODEL]``: GOLD_FOLDER holds ``*.txt`` files, a sentence a line, words
separated by spaces; MODEL is pkuseg's, converted. Engines whose package or model is absent are left out. With
``--traditional`` only the second table is written again.
"""

from __future__ import annotations

import argparse
import pathlib
import sys
from collections.abc import Callable, Iterable

from zhprep.core.errors import UsageError
from zhprep.core.registry import require
from zhprep.segment import SegmentConfig, SegmentEngine, Segmenter
from zhprep.segment.score import score

PAGE = pathlib.Path(__file__).with_name("segment-scores.md")

HEAD = """# Segmenters against gold standards

F1 of words, in per cent, as the SIGHAN bakeoffs define it: a word is right when both its ends are. Behind it the recall
of words that are not in the engine's own dictionary, where it has one; punctuation and numbers are not in jieba's, so
they count there and make that figure high. Standards differ in what a word is, so no engine can agree with all of them.
What pkuseg and THULAC were trained on is not stated in full: it may overlap with these texts.

Written by `python docs/make_segment_scores.py GOLD_FOLDER MODEL`; one file: `zhprep segment --cws NAME --score GOLD`.

"""

TRADITIONAL = """
## Traditional text

The same gold standards written in Traditional characters (OpenCC's s2t): F1 as they are, and with `--via-simplified`,
which reads the Simplified shadow of the text and puts the ends of the words into the text as written.

Written by `python docs/make_segment_scores.py --traditional GOLD_FOLDER`.

"""


def main() -> None:
    """Score every engine over every file and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("model", nargs="?")
    parser.add_argument("--traditional", action="store_true")
    arguments = parser.parse_args()
    gold = {path.stem: path.read_text("utf-8").split("\n") for path in sorted(arguments.folder.glob("*.txt"))}
    first = PAGE.read_text("utf-8").partition(TRADITIONAL)[0]
    if not arguments.traditional:
        first = HEAD + "".join(_table(gold, _engines(arguments.model), _cell))
    convert = require("opencc", purpose="Traditional gold", install="'zhprep[opencc]'").OpenCC("s2t").convert
    converted = {name: convert("\n".join(lines)).split("\n") for name, lines in gold.items()}
    ways = {name: SegmentConfig(via_simplified=flag) for name, flag in WAYS.items()}
    second = _table(converted, {name: Segmenter(config) for name, config in ways.items()}, lambda f1, _: _percent(f1))
    PAGE.write_text(first + TRADITIONAL + "".join(second), "utf-8")


WAYS = {"jieba": False, "jieba `--via-simplified`": True}


def _table(
    gold: dict[str, list[str]], engines: dict[str, SegmentEngine], cell: Callable[[float, float | None], str]
) -> Iterable[str]:
    yield "| gold standard | words | " + " | ".join(engines) + " |\n"
    yield "|---|---|" + "---|" * len(engines) + "\n"
    for name, lines in gold.items():
        results = [score(engine, lines) for engine in engines.values()]
        cells = [cell(result["f1"], result["oov_recall"]) for result in results]
        row = f"| {name} | {results[0]['gold_words']:,} | " + " | ".join(cells) + " |\n"
        print(row, end="", file=sys.stderr)
        yield row


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def _cell(f1: float, oov_recall: float | None) -> str:
    return _percent(f1) if oov_recall is None else f"{_percent(f1)} ({_percent(oov_recall)})"


def _engines(model: str | None) -> dict[str, SegmentEngine]:
    wanted = {
        "jieba": SegmentConfig(),
        "jieba, no HMM": SegmentConfig(hmm=False),
        "pkuseg": SegmentConfig(cws="pkuseg", model=model),
        "thulac": SegmentConfig(cws="thulac"),
        "ltp": SegmentConfig(cws="ltp"),
        "lac": SegmentConfig(cws="lac"),
        "characters": SegmentConfig(cws="characters"),
    }
    engines: dict[str, SegmentEngine] = {}
    for name, config in wanted.items():
        try:
            engines[name] = Segmenter(config)
        except UsageError as error:
            print(f"without {name}: {error}", file=sys.stderr)
    return engines


if __name__ == "__main__":
    main()
