"""Which versions wrote something, and whether another machine has the same."""

from __future__ import annotations

import functools
import socket

import zhprep
from zhprep.core.errors import UsageError
from zhprep.core.installed import version_of

DEPENDENCIES = ("numpy", "pyarrow", "tokenizers", "jieba", "pypinyin", "pillow")


@functools.cache
def dependency_versions() -> dict[str, str]:
    """Return the versions of the installed packages that can change what is written."""
    versions = {}
    for name in DEPENDENCIES:
        try:
            versions[name] = version_of(name)
        except ImportError:  # it is not installed
            continue
    return versions


def versions_here() -> dict[str, str]:
    """Return the version of zhprep and those of :func:`dependency_versions`."""
    return {"zhprep": zhprep.__version__, **dependency_versions()}


def check_versions(planned: dict[str, str]) -> None:
    """Raise ``UsageError`` on a machine that has other versions than the one that planned."""
    here = versions_here()
    for name in sorted(planned.keys() | here.keys()):
        if planned.get(name) != here.get(name):
            raise UsageError(
                f"{socket.gethostname()}: has {name} {here.get(name)}, the plan was made with {planned.get(name)}",
                hint="install the same versions on every machine",
            )
