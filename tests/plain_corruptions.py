"""Each corruption again, for one instance, with plain loops: slow and meant to be obviously right.

A text is a list of tokens ``(id, word, origin)``, where the word of special tokens is -1. ``corrupted(ids, word_ids,
instance_id, config, facts, epoch)`` returns the source as such a list, the ids of the target, and how many tokens of the
source are given.
"""

from __future__ import annotations

import hashlib
import math
from itertools import pairwise

import plain_masks
from plain_masks import bits, segment_end, shuffled, tokens_of, words_of

CLOSER, STOP, STOPPED = 1, 2, 3
ORDER = ("permute", "mask", "delete", "infill", "rotate", "sentinels", "prefix", "causal")


def key_of(seed, purpose, *address):
    key = int.from_bytes(hashlib.blake2b(f"{seed}/{purpose}".encode(), digest_size=8).digest(), "little")
    for part in address:
        key = bits(key, part)
    return key


def below(draw, n):
    return ((draw >> 32) * n) >> 32


def corrupted(ids, word_ids, instance_id, config, facts, epoch):
    text = [(id_, word, place) for place, (id_, word) in enumerate(zip(ids, word_ids, strict=True))]
    target, given = list(ids), 0
    for name in ORDER:
        if name not in config.corruption:
            continue
        if name == "mask":
            keys = [key_of(config.seed, purpose, epoch, instance_id) for purpose in ("mask", "replace")]
            text = mask(text, keys, config, facts)
            continue
        key = key_of(config.seed, f"corrupt.{name}", epoch, instance_id)
        if name in ("permute", "delete", "infill", "rotate"):
            text = PLAIN[name](text, key, config, facts)
        elif name == "sentinels":
            text, target = sentinels(text, key, config, facts)
        elif name == "prefix":
            given = prefix(text, key)
            target = target[given:]
    return text, target, given


def units_of(text, config):
    """Positions of each word, or of each token."""
    words = [word for _, word, _ in text]
    return tokens_of(words) if config.mask == "char" else words_of(words)


def sentences_of(text, marks):
    """Runs of numbers of tokens; a special token is a run by itself. Also the part that each run is in."""
    sentences, parts, ended = [], [], False
    for number, (id_, word, _) in enumerate(text):
        new_part = word < 0 or not number or text[number - 1][1] < 0
        mark = 0 if new_part and marks[id_] == CLOSER else marks[id_]
        if new_part or (ended and mark not in (STOP, CLOSER)):
            sentences.append([])
            parts.append((parts[-1] + 1 if parts else 0) if new_part else parts[-1])
        sentences[-1].append(number)
        if mark != CLOSER:
            ended = mark in (STOP, STOPPED)
    return sentences, parts


def permute(text, key, config, facts):
    sentences, parts = sentences_of(text, facts.marks.tolist())
    result = list(sentences)
    for part in set(parts):
        there = [number for number, other in enumerate(parts) if other == part]
        order = sorted(there, key=lambda number: bits(key, sentences[number][0]))
        moving = order[: math.ceil(len(there) * config.permute_ratio)]
        for place, number in zip(sorted(moving), moving, strict=True):
            result[place] = sentences[number]
    return [text[number] for sentence in result for number in sentence]


def mask(text, keys, config, facts):
    """BERT's 80/10/10 over what the strategy chooses."""
    mask_key, replace_key = keys
    chosen = plain_masks.PLAIN[config.mask]([word for _, word, _ in text], mask_key, config)
    result = list(text)
    for place in chosen:
        draw = bits(replace_key, place)
        roll, rest = (draw >> 32) / 2**32, draw & 0xFFFFFFFF
        new = facts.mask if roll < 0.8 else int(facts.pool[rest * len(facts.pool) >> 32]) if roll < 0.9 else None
        if new is not None:
            result[place] = (new, *text[place][1:])
    return result


def delete(text, key, config, facts):
    chosen = plain_masks.PLAIN[config.mask]([word for _, word, _ in text], key, config)
    return [token for place, token in enumerate(text) if place not in chosen]


def poisson(draw, mean):
    """A draw of Poisson's distribution, from the lower half of the bits."""
    roll, n, total = (draw & 0xFFFFFFFF) / 2**32, 0, math.exp(-mean)
    while roll >= total:
        n += 1
        total += math.exp(-mean) * mean**n / math.factorial(n)
    return n


def span_lengths(key, budget, mean):
    lengths = []
    while sum(lengths) < budget:
        lengths.append(poisson(bits(key, (1 << 41) + len(lengths)), mean))
        lengths[-1] -= max(0, sum(lengths) - budget)
    return lengths


def dropped(key, first, n, n_gaps):
    """The gaps that n balls drop into; a ball may also come to lie beside one that lies there."""
    gaps = []
    for number in range(n):
        slot = below(bits(key, first + number), n_gaps + number)
        gaps.append(slot if slot < n_gaps else gaps[slot - n_gaps])
    return gaps


def infill(text, key, config, facts):
    units = units_of(text, config)
    lengths = span_lengths(key, min(math.ceil(len(units) * config.mask_prob), len(units)), config.span_mean)
    spans = [length for length in lengths if length]
    starts = dict(zip(shuffled(len(units), key), spans, strict=False))
    covered, inside = set(), set()
    for start, length in starts.items():
        run = range(start, min(start + length, segment_end(units, start)))
        covered |= set(run)
        inside |= set(run[1:])
    result, gone = [], {position for number in covered for position in units[number]}
    heads = {units[start][0] for start in starts if start not in inside}
    for position, token in enumerate(text):
        if position in heads:
            result.append((facts.mask, *token[1:]))
        elif position not in gone:
            result.append(token)
    gaps = dropped(key, 1 << 40, len(lengths) - len(spans), max(len(result) - 1, 1))
    inserted, n = [], 0
    for position, token in enumerate(result):
        inserted.append(token)
        for _ in range(gaps.count(position)):
            inserted.append((facts.mask, (1 << 30) + n, -1))
            n += 1
    return inserted


def rotate(text, key, config, facts):
    units, result, number = units_of(text, config), list(text), 0
    while number < len(units):
        end = segment_end(units, number)
        begin, stop = units[number][0], units[end - 1][-1] + 1
        turn = units[number + below(bits(key, begin), end - number)][0]
        result[begin:stop] = [*text[turn:stop], *text[begin:turn]]
        number = end
    return result


def divided(key, first, total, parts):
    """A random division of a total into so many parts of at least 1."""
    walls = sorted(dropped(key, first, parts - 1, total - parts + 1))
    edges = [0, *walls, total - parts]
    return [after - before + 1 for before, after in pairwise(edges)]


def sentinels(text, key, config, facts):
    units, ids = units_of(text, config), facts.sentinels.tolist()
    closing = [text[-1][0]] if text and text[-1][1] < 0 else []
    noise = min(max(round(len(units) * config.mask_prob), 1), len(units) - 1)
    if noise < 1:
        return text, [ids[0], *closing]
    parts = min(max(round(noise / config.span_mean), 1), noise, len(units) - noise)
    hidden, target, number = {}, [], 0
    sizes = zip(divided(key, 1 << 41, len(units) - noise, parts), divided(key, 1 << 40, noise, parts), strict=True)
    for part, (kept, taken) in enumerate(sizes):
        number += kept
        last = min(number + taken, segment_end(units, number)) - 1
        span = range(units[number][0], units[last][-1] + 1)
        hidden |= {place: ids[part] if place == span[0] else None for place in span}
        target += [ids[part], *(text[place][0] for place in span)]
        number += taken
    source = []
    for place, token in enumerate(text):
        if place not in hidden:
            source.append(token)
        elif hidden[place] is not None:
            source.append((hidden[place], *token[1:]))
    return source, [*target, ids[parts], *closing]


def prefix(text, key):
    return min(1 + below(bits(key, 0), max(len(text) - 1, 1)), len(text))


PLAIN = {"permute": permute, "mask": mask, "delete": delete, "infill": infill, "rotate": rotate}
