"""The table of faults: what may happen, what is promised then, how often it is tried in `make test` and `make nightly`.

A test of ``tests/faults`` says with ``rounds(row, few, many)`` or ``fault(row, n)`` which row it is of and how many
cases it tries; the fixture ``tried`` counts them, and a test that tried fewer fails. ``docs/reliability.md`` is made of
this table and of the report of a nightly run (``docs/make_reliability.py``).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pytest

QUOTAS = pytest.StashKey[dict[bool, Counter[int]]]()
"""How many cases the tests that were collected say they try, by whether they are nightly and by row."""
FILES = pytest.StashKey[set[str]]()
"""The files of ``tests/faults`` that were collected."""


@dataclass(frozen=True)
class Row:
    """``few`` cases at least in every run of the tests, ``many`` in a nightly one; the files are in ``tests/faults``."""

    number: int
    fault: str
    how: str
    promise: str
    few: int
    many: int
    files: str


ROWS = [
    Row(
        1,
        "killed at any step",
        "a copy of the command dies before its nth touch of the file system, or in the middle of a file at its nth byte;"
        " at night `strace` sends SIGKILL at the nth system call that writes, names or removes",
        "no file under its name but whole ones; run again, the bytes of a run that nothing happened to",
        200, 2000, "test_kills.py",
    ),
    Row(
        2,
        "killed at any time",
        "SIGKILL to the command, to one of its workers or to all of them, SIGTERM to the group, at random moments",
        "no hang, no orphan; a worker is replaced, a command is gone on with, to the same bytes",
        20, 500, "test_kills.py",
    ),
    Row(
        3,
        "disk full or failing",
        "a limit on the size of files, a file system of 64 KiB; at night ENOSPC, EIO, EDQUOT and EINTR at the nth call"
        " (`strace`)",
        "one line with the path, exit code 1, nothing by halves; with space again it goes on to the same bytes",
        50, 500, "test_disk.py",
    ),
    Row(
        4,
        "several at work in one folder",
        "two alike and one that differs begin at once; an array of which one task sees other input",
        "one output; who differs is refused (exit code 2) and touches nothing",
        20, 200, "test_races.py",
    ),
    Row(
        5,
        "a bit flips on disk",
        "one bit of one file: shard, manifest, plan, receipt, vocabulary, image, checkpoint",
        "found by `verify`, and by who opens it, before anything is mapped",
        300, 10_000, "test_damage.py",
    ),
    Row(
        6,
        "a file is cut short",
        "files cut at every byte if they are small, at places all over if they are large",
        "found by `verify`, and by who opens it; never a bus error",
        200, 2000, "test_damage.py",
    ),
    Row(
        7,
        "files that do not belong together",
        "a shard missing, extra, exchanged; a manifest edited, a receipt of before, other input, other settings",
        "found; only what is concerned is made again",
        12, 12, "test_folders.py",
    ),
    Row(
        8,
        "an engine loses what it runs on",
        "a Ray worker killed, a Ray node removed; a job of GNU parallel, a task of Slurm killed, or told that its time is up;"
        " at night six of each engine on all real text",
        "the bytes of one process on one machine",
        6, 69, "test_ray.py and test_clusters.py and test_one_digest.py",
    ),
    Row(
        9,
        "hostile bytes and text",
        "bytes and characters drawn at random: broken UTF-8, halves of surrogates, controls, marks, private use, line ends",
        "no crash, no hang; every line kept or counted; offsets valid, words join to their sentence",
        20_000, 5_000_000, "test_text.py",
    ),
    Row(
        10,
        "bad lines of JSON",
        "no JSON, no object, no text, not a string, half surrogates, deep nests, long numbers, repeated keys, long lines",
        "one bad line costs that line and is counted; without `--on-error skip` it is named",
        40, 400, "test_json_lines.py",
    ),
    Row(
        11,
        "damaged compression",
        "gz, zst, xz, bz2 cut, with rubbish after it, of several members, of another kind, or grown ten-thousandfold",
        "never a silent loss: what could be read is read, the damage is told or counted, memory is bounded",
        30, 30, "test_compressed.py",
    ),
    Row(
        12,
        "archives and odd paths",
        "tar and zip with ways out of the folder, links, devices; names of files in manifests that lead elsewhere",
        "refused with what it is; nothing is unpacked, nothing outside is touched",
        20, 20, "test_archives.py",
    ),
    Row(
        13,
        "files that would run code",
        "pickles in the place of every file that is loaded: arrays, weights, checkpoints, models of segmenters",
        "refused; the code never runs",
        15, 15, "test_pickles.py",
    ),
    Row(
        14,
        "training stops",
        "SIGKILL to a process or to one of two ranks at random steps and inside of a checkpoint, SIGTERM, a full disk",
        "the next start goes on from a whole checkpoint, to the same weights to the bit",
        10, 100, "test_trainer.py",
    ),
    Row(
        15,
        "other surroundings",
        "time zone, locale, hash seed, umask, read-only input, other clock, paths with spaces, Chinese and line feeds",
        "the same bytes",
        12, 40, "test_surroundings.py",
    ),
    Row(
        16,
        "pipes",
        "a reader that leaves, closed streams, one byte at a time, a full device",
        "exit code 141 or one line, no traceback; what is read bit by bit is read whole",
        10, 50, "test_pipes.py",
    ),
    Row(
        17,
        "killed at a put, or second there",
        "SIGKILL just before the nth put to real servers of S3 and of Google Cloud Storage on this machine, or after the"
        " nth request of a put in parts; another writer puts that file just before us, the same bytes or others",
        "a folder without a manifest is unfinished; run again, the bytes of a disk; the same bytes are taken, others are"
        " refused (exit code 2) and stay",
        20, 72, "test_buckets.py",
    ),
]  # fmt: skip


def fault(row: int, n: int) -> pytest.MarkDecorator:
    """Mark a test as one that tries ``n`` cases of a row."""
    return pytest.mark.fault(row, n)


def rounds(row: int, few: int, many: int, name: str = "n") -> pytest.MarkDecorator:
    """Give a test the number of cases to try as ``name``: ``few`` in every run, ``many`` in a nightly one."""
    return pytest.mark.parametrize(
        name,
        [
            pytest.param(few, id="few", marks=fault(row, few)),
            pytest.param(many, id="many", marks=[fault(row, many), pytest.mark.nightly]),
        ],
    )
