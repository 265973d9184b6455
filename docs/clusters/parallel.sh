#!/usr/bin/env bash
# Make instances with GNU parallel, on this machine or, with `--sshlogin HOST,…` in PARALLEL_OPTIONS, on several that
# see the same folders.
#   docs/clusters/parallel.sh CORPUS VOCAB DATA [TASKS]
# Run it again after any failure: what is done is kept.
set -euo pipefail

# On another machine a task begins at home.
absolute() { case $1 in /* | *://*) printf %s "$1" ;; *) printf %s "$PWD/$1" ;; esac; }
corpus=$(absolute "$1") vocab=$(absolute "$2") data=$(absolute "$3") tasks=${4:-8}

# Where the shell of another machine (a container's, say) is not named, GNU parallel runs nothing there and ends with 0.
export PARALLEL_SHELL=${PARALLEL_SHELL:-$(command -v bash)}

# Each job is told which task it is: this may itself run in a task of an array of Slurm's, say, whose number all jobs
# would take. A job that fails or is killed is tried three times.
# shellcheck disable=SC2086
seq 0 "$((tasks - 1))" | parallel ${PARALLEL_OPTIONS:-} --jobs "${JOBS:-100%}" --retries 3 --line-buffer --quote \
  zhprep make-instances "$corpus" --vocab "$vocab" -o "$data" --workers 1 --num-shards "$tasks" --shard-index {} --quiet

zhprep merge "$data" --quiet
zhprep verify "$data" --quiet
