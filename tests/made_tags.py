"""A small tagger, the same for the same text: jieba's parts of speech, entities by them, and dependencies by a rule."""

from __future__ import annotations

import json
from pathlib import Path

import jieba.posseg
import pyarrow as pa

ENTITIES = {"nr": "S-Nh", "ns": "S-Ns", "nt": "S-Ni"}


def tagged(sentence: str) -> dict[str, list[list[object]]]:
    """Return the tagged words of ``sentence`` by kind; the first verb is the head of all."""
    words = [(pair.word, pair.flag) for pair in jieba.posseg.cut(sentence)]
    head = next((number for number, (_, flag) in enumerate(words) if flag == "v"), 0)
    found: dict[str, list[list[object]]] = {"pos": [], "ner": [], "dep": []}
    place = 0
    for number, (word, flag) in enumerate(words):
        end = place + len(word)
        relation = "WP" if flag == "x" else "SBV" if number < head else "VOB" if number > head else "HED"
        for kind, tag in (("pos", flag), ("ner", ENTITIES.get(flag, "O")), ("dep", relation)):
            found[kind].append([place, end, tag])
        place = end
    return found


def write_tags(table: Path, path: Path) -> Path:
    """Write the tags of the documents in ``table``, a ``.arrow`` file with sentences."""
    with pa.ipc.open_stream(table) as reader:
        documents = reader.read_all().select(["doc", "sentences"]).to_pylist()
    lines, sets = [], {kind: set() for kind in ("pos", "ner", "dep")}
    for document in documents:
        sentences = [tagged(sentence) for sentence in document["sentences"]]
        lines.append({"doc": document["doc"], **{kind: [one[kind] for one in sentences] for kind in sets}})
        for kind, seen in sets.items():
            seen |= {tag for one in sentences for _, _, tag in one[kind]}
    head = {"tags": {kind: sorted(seen) for kind, seen in sets.items()}}
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in (head, *lines)), "utf-8")
    return path
