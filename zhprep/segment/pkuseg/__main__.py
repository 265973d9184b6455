"""Convert pkuseg's model: ``python -m zhprep.segment.pkuseg FILE OUT``."""

from __future__ import annotations

import argparse
import sys

from zhprep.core.errors import ZhprepError
from zhprep.segment.pkuseg.convert import convert

_HELP = """Convert the model of pkuseg for `zhprep segment --cws pkuseg --model OUT`.

The model lies in every wheel of the package pkuseg. Fetch one; nothing of it is installed or run:

  pip download pkuseg==0.0.25 --no-deps --only-binary :all: --python-version 3.8 --platform win_amd64
  python -m zhprep.segment.pkuseg pkuseg-0.0.25-cp38-cp38-win_amd64.whl OUT
"""


def main() -> int:
    """Convert, print what was found; return the exit code of the error otherwise."""
    parser = argparse.ArgumentParser(
        prog="python -m zhprep.segment.pkuseg", description=_HELP, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", help="wheel or source archive of pkuseg, or a folder with features.pkl and weights.npz")
    parser.add_argument("out", help="new folder for the tables")
    arguments = parser.parse_args()
    try:
        about = convert(arguments.file, arguments.out)
    except ZhprepError as error:
        print(f"Error: {error}", f"hint: {error.hint}" if error.hint else "", sep="\n", file=sys.stderr)
        return error.exit_code
    print(f"{about['features']} features, {about['dictionary_words']} words in the dictionary: {arguments.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
