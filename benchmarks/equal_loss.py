"""Seconds to an equal held-out loss, ours beside ``transformers.Trainer``: curves of both, made in one run, by turns.

``python equal_loss.py CORPUS -o OUTPUT --size tiny --steps 400 --batch 8 --rates 5e-4,1e-3,2e-3``

The peer is trained once with each rate of the grid; the loss to reach is that of its best one at the end of its budget.
Ours are the settings of ``quick.toml``, in a budget of its own (``--our-steps``), once with each of ``--our-rates`` if
there are any, and count until that loss is reached: the quickest counts. ``bracketed`` says whether the best rate of
the peer lies between others of its grid, which are given in order; if not, the grid is to be widened.
Seconds are those of training alone, of one thread: of processor, since the machine may be shared, and of the clock.
Written are OUTPUT.json, every point of every curve, and OUTPUT.svg.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

from zhprep.cli import invoke

WORKER = str(Path(__file__).parent / "curve_worker.py")
OURS = "zhprep"
Point = dict[str, float]


def instances_of(corpus: list[str], folder: Path) -> None:
    """Make the instances that both are trained on; those that are there are kept."""
    if (folder / "data" / "manifest.json").exists():
        return
    vocabulary, quiet = str(folder / "vocab"), ["--workers", "1", "--quiet"]
    invoke(["build-vocab", *corpus, "-o", vocabulary, "--type", "wordpiece", "--size", "21128", *quiet])
    layout = ["--recipe", "bert-wwm", "--max-length", "128"]
    invoke(["make-instances", *corpus, "--vocab", vocabulary, *layout, "-o", str(folder / "data"), *quiet])


def contender(who: str, options: argparse.Namespace, n_steps: int, stated: dict[str, Any]) -> subprocess.Popen[str]:
    """Start one, in a process of its own."""
    every = max(1, n_steps // options.points)
    command = [sys.executable, WORKER, who, str(options.folder), options.size, str(n_steps), str(every)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "env": environment}
    return subprocess.Popen([*command, json.dumps(stated)], **pipes)  # type: ignore[call-overload,no-any-return]


def curves_of(processes: dict[str, subprocess.Popen[str]]) -> dict[str, list[Point]]:
    """Let them go on by turns until all are done, and return what each said."""
    curves: dict[str, list[Point]] = {name: [] for name in processes}
    running = dict(processes)
    while running:
        for name, process in list(running.items()):
            assert process.stdin is not None
            assert process.stdout is not None
            if line := next((said for said in process.stdout if said.startswith('{"step"')), ""):
                curves[name].append(json.loads(line))
                print(name, line.strip(), file=sys.stderr, flush=True)
                print(file=process.stdin, flush=True)
            else:
                del running[name]
                if process.wait():
                    raise SystemExit(f"{name} failed")
    return curves


def seconds_to(loss: float, curve: list[Point], unit: str) -> float | None:
    """Return when ``curve`` falls to ``loss``, on the line between two points; None if it does not."""
    for before, after in itertools.pairwise(curve):
        if after["loss"] <= loss:
            share = (before["loss"] - loss) / max(before["loss"] - after["loss"], 1e-12)
            return before[unit] + max(share, 0.0) * (after[unit] - before[unit])
    return None


def found_in(curves: dict[str, list[Point]]) -> dict[str, Any]:
    """Return the loss to reach, who set it and whether its rate is inside of the grid, and how many times as fast the
    quickest of ours is there."""
    peers = {name: curve for name, curve in curves.items() if not name.startswith(OURS)}
    mine = {name: curve for name, curve in curves.items() if name.startswith(OURS)}
    best = min(peers, key=lambda name: peers[name][-1]["loss"])
    loss, place = peers[best][-1]["loss"], list(peers).index(best)
    found: dict[str, Any] = {"peer": best, "bracketed": 0 < place < len(peers) - 1, "loss": loss}
    for unit in ("cpu", "clock"):
        reached = {name: seconds for name, curve in mine.items() if (seconds := seconds_to(loss, curve, unit))}
        ours, theirs = min(reached.values(), default=None), peers[best][-1][unit]
        found[unit] = {"ours": ours, "theirs": theirs, "ratio": theirs / ours if ours else None}
        found[unit]["by"] = min(reached, key=reached.__getitem__, default=None)
    return found


def drawn(curves: dict[str, list[Point]], title: str) -> str:
    """Return the curves, loss over seconds of processor, as SVG."""
    most = max(point["cpu"] for curve in curves.values() for point in curve)
    losses = [point["loss"] for curve in curves.values() for point in curve]
    low, high = min(losses), max(losses)

    def place(point: Point) -> str:
        return f"{60 + 620 * point['cpu'] / most:.1f},{340 - 300 * (point['loss'] - low) / (high - low):.1f}"

    colours = ["#c0392b", "#7f8c8d", "#95a5a6", "#bdc3c7", "#34495e"]
    lines = []
    for number, (name, curve) in enumerate(curves.items()):
        colour, points = colours[number % len(colours)], " ".join(map(place, curve))
        lines.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="{points}"/>')
        lines.append(f'<text x="470" y="{60 + 18 * number}" fill="{colour}">{name}</text>')
    axes = f'<text x="60" y="370">0</text><text x="620" y="370">{most:.0f} s</text>'
    axes += (
        f'<text x="8" y="344">{low:.2f}</text><text x="8" y="44">{high:.2f}</text><text x="60" y="22">{title}</text>'
    )
    frame = '<path d="M60 40V340H680" fill="none" stroke="black"/>'
    head = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 700 380" font-family="sans-serif" font-size="14">'
    return f"{head}{frame}{axes}{''.join(lines)}</svg>\n"


def main() -> None:
    """Make the curves, and say what they come to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", nargs="+")
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--folder", type=Path, default=Path("equal-loss"), help="where instances and models lie")
    parser.add_argument("--size", default="tiny")
    parser.add_argument("--steps", type=int, default=400, help="the peer's budget")
    parser.add_argument("--our-steps", type=int, default=0, help="ours, if it is another")
    parser.add_argument("--batch", type=int, default=8, help="rows a step of the peer")
    parser.add_argument("--rates", default="5e-4,1e-3,2e-3", help="the peer's grid of learning rates")
    parser.add_argument("--our-rates", default="", help="our grid of learning rates; without it that of the recipe")
    parser.add_argument("--points", type=int, default=20, help="looks at held-out rows")
    parser.add_argument("--ours", default="{}", help="settings over quick.toml, as JSON")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    instances_of(options.corpus, options.folder)
    processes, ours = {}, json.loads(options.ours)
    for rate in options.our_rates.split(","):
        stated = {**ours, "learning_rate": float(rate)} if rate else ours
        processes[f"{OURS}, {rate}" if rate else OURS] = contender(
            OURS, options, options.our_steps or options.steps, stated
        )
    for rate in options.rates.split(",") if options.rates else ():
        stated = {"learning_rate": float(rate), "batch_size": options.batch}
        processes[f"transformers Trainer, {rate}"] = contender("transformers", options, options.steps, stated)
    curves = curves_of(processes)
    found = found_in(curves) if len(curves) > 1 else {}
    said = [word for word in sys.argv[1:] if word not in options.corpus]
    command = shlex.join(["python", "benchmarks/equal_loss.py", "CORPUS", *said])
    written = {"command": command, "found": found, "curves": curves}
    options.output.with_suffix(".json").write_text(json.dumps(written, indent=1) + "\n", "utf-8")
    title = f"{options.size}: held-out loss (nats) over seconds of processor"
    options.output.with_suffix(".svg").write_text(drawn(curves, title), "utf-8")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
