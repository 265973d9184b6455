# Sourced by each finding: a temporary folder with a virtual environment, removed at the end.
#   packages NAME==VERSION ...    install exactly these (and what they need)
#   observe <<'PYTHON'            run Python in it; an AssertionError means: not as written any more
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"

packages() {
  "$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check "$@" 2>"$folder/pip.log" || {
    cat "$folder/pip.log" >&2
    exit 2
  }
}

observe() {
  (cd "$folder" && "$folder/venv/bin/python" -) && echo "as written" || {
    echo "CHANGED: $(basename "$0") no longer sees what its head says" >&2
    exit 1
  }
}
