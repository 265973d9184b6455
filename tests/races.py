"""Commands that begin at the same moment: forked from one process that has everything loaded.

As a script: python races.py FILE, which holds {"rounds": N, "folder": DIR, "commands": [[...], ...]}; `{out}` in an
argument is the folder of the round. Prints a JSON list of rounds, each [{"code": ..., "err": ...}, ...].
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any


def race(folder: Path, commands: list[list[object]], rounds: int) -> list[list[dict[str, Any]]]:
    """Let ``commands`` begin at once, in ``rounds`` new folders ``folder/0``, ``folder/1``, …; return codes and errors."""
    from command_line import environment

    task = {"rounds": rounds, "folder": str(folder), "commands": [[str(part) for part in line] for line in commands]}
    (folder / "task.json").write_text(json.dumps(task), encoding="utf-8")
    found = subprocess.run(
        [sys.executable, __file__, folder / "task.json"], env=environment(), capture_output=True, check=True
    )
    result: list[list[dict[str, Any]]] = json.loads(found.stdout)
    return result


def main() -> None:
    task = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    found = []
    for number in range(task["rounds"]):
        out = str(Path(task["folder"]) / str(number))
        commands = [[part.replace("{out}", out) for part in line] for line in task["commands"]]
        if number == 0:  # so that what is imported late is there for every child
            warm = [[part.replace("{out}", out + "-warm") for part in line] for line in task["commands"][:1]]
            _round(warm, 0.0)
            _warm_up(warm[0])
        found.append(_round(commands, 0.02 * random.Random(number).random()))
    print(json.dumps(found))


def _warm_up(command: list[str]) -> None:
    from zhprep.cli import invoke
    from zhprep.cli.process import exit_code

    exit_code(lambda: invoke(command))


def _round(commands: list[list[str]], apart: float) -> list[dict[str, Any]]:
    start = time.monotonic() + 0.02
    children = [_begin(command, start + apart * place) for place, command in enumerate(commands)]
    return [_end(pid, reading) for pid, reading in children]


def _begin(command: list[str], start: float) -> tuple[int, int]:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.dup2(writing, 2)
        os.close(reading)
        from zhprep.cli import invoke
        from zhprep.cli.process import exit_code

        time.sleep(max(0.0, start - time.monotonic()))
        code = exit_code(lambda: invoke(command))
        sys.stderr.flush()
        os._exit(code)
    os.close(writing)
    return pid, reading


def _end(pid: int, reading: int) -> dict[str, Any]:
    with os.fdopen(reading, encoding="utf-8") as errors:
        err = errors.read().strip()
    return {"code": os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), "err": err}


if __name__ == "__main__":
    main()
