#!/usr/bin/env bash
# Make instances with GNU parallel, on this machine or, with `--sshlogin HOST,…` in PARALLEL_OPTIONS, on several that
# see the same folders.
#   docs/clusters/parallel.sh CORPUS VOCAB DATA [TASKS]
# Run it again after any failure: what is done is kept.
set -euo pipefail
corpus=$1 vocab=$2 data=$3 tasks=${4:-8}

# Which task a job is says PARALLEL_SEQ. A job that fails or is killed is tried three times.
# shellcheck disable=SC2086
seq "$tasks" | parallel ${PARALLEL_OPTIONS:-} --jobs "${JOBS:-100%}" --retries 3 --line-buffer -N0 --quote \
  zhprep make-instances "$corpus" --vocab "$vocab" -o "$data" --workers 1 --num-shards "$tasks" --quiet

zhprep merge "$data" --quiet
zhprep verify "$data" --quiet
