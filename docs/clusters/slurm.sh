#!/usr/bin/env bash
# Make instances with a job array of Slurm, then finish and check them when all tasks are done.
#   docs/clusters/slurm.sh CORPUS VOCAB DATA [TASKS]
# Run it again after any failure: what is done is kept. CORPUS, VOCAB and DATA must be seen by all nodes.
set -euo pipefail
corpus=$1 vocab=$2 data=$3 tasks=${4:-64}
here=$(cd "$(dirname "$0")" && pwd)

# GNU parallel may have started this; jobs are given what is exported here, and its number is not that of a task.
unset PARALLEL_SEQ

# USR1 comes two minutes before the time is up: zhprep begins no more, ends the blocks under way (one a worker) and then
# itself with exit code 85; the task is put into the queue again. What is not done when the time is up is made again, so
# MARGIN is the seconds that the slowest block takes and ten more: a block (64 MiB of text) takes 4 s of one core for
# whole words, 30 s with pinyin (docs/scale.md), more with a segmenter that is a network. A smaller --block-size does too.
# shellcheck disable=SC2086
array=$(sbatch --parsable ${SBATCH_OPTIONS:-} --job-name=zhprep --array="0-$((tasks - 1))" --requeue --signal=B:USR1@"${MARGIN:-120}" \
  "$here/slurm-task.sh" make-instances "$corpus" --vocab "$vocab" -o "$data" --num-shards "$tasks" --quiet)

# Where there are several clusters `--parsable` says ID;CLUSTER. DATA goes through `sh` in single quotes: not each knows
# the $'…' that `printf %q` gives for what a locale has no letters for.
quote="'\\''"
quoted="'${data//\'/$quote}'"
# shellcheck disable=SC2086
sbatch --parsable ${SBATCH_OPTIONS:-} --job-name=zhprep-merge --dependency="afterok:${array%%;*}" --kill-on-invalid-dep=yes \
  --wrap "zhprep merge $quoted --quiet && zhprep verify $quoted --quiet"
