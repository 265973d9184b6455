"""What CLUE takes in: how the file of a task is called, and what has to be so for it.

Names are those of CLUE's instructions of 2021-09-04 (任务提交说明), where ``10`` and ``11`` tell the test sets 1.0 and
1.1 apart, of its own baselines (``baselines/paddlenlp`` of CLUEbenchmark/CLUE) for OCNLI, and of RoFormer's predictions
for CLUE 1.1 for CMNLI; DRCD and CLUENER are none of the tasks of the instructions and have their own names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from zhprep.core.errors import DataError
from zhprep.evaluate.files import TEST_VERSION, layout_of
from zhprep.evaluate.task import Example

SUBMISSIONS = {
    "afqmc": "afqmc", "tnews": "tnews{version}", "iflytek": "iflytek", "cmnli": "cmnli", "ocnli": "ocnli_50k",
    "cluewsc2020": "cluewsc{version}", "cluewsc": "cluewsc{version}", "wsc": "cluewsc{version}", "csl": "csl",
    "cmrc2018": "cmrc2018", "cmrc": "cmrc2018", "drcd": "drcd", "c3": "c3{version}", "chid": "chid{version}",
    "cluener2020": "cluener", "cluener": "cluener",
}  # fmt: skip
"""What CLUE calls the submission of a task, by the folder of its download (``tnews``, ``tnews_public``)."""
NEWEST = "11"
"""The test set of a plain ``test.json``: CLUE gave the older one the name ``test1.0.json``."""


def submission_name(folder: Path, part: str = "") -> str:
    """Return the file name for what is said for ``part`` (by default test if there is one, else dev) of a task.

    It is CLUE's for the test of one of its tasks, else that of the task, with the part where it is not test.
    """
    layout = layout_of(folder)
    part = part or ("test" if layout.parts["test"] else "dev")
    if part != "test":
        return f"{layout.name}_{part}_predict.json"
    version = TEST_VERSION.search(layout.parts["test"][0].stem) if layout.parts["test"] else None
    called = SUBMISSIONS.get(re.sub(r"[-_]public$", "", layout.name.lower()), layout.name)
    return f"{called.replace('{version}', ''.join(version.groups()) if version else NEWEST)}_predict.json"


def check_ids(part: Iterable[Example]) -> None:
    """Raise ``DataError`` where two of ``part`` have one id: of answers that are handed in by id one would be lost."""
    places: dict[str, str] = {}
    for example in part:
        name = str(example.id)
        if name in places:
            raise DataError(
                f"{example.where}: the id {name!r} is that of {places[name]} too",
                hint="answers are handed in by id: give each question or blank one of its own",
            )
        places[name] = example.where
