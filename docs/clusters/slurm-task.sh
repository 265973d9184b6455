#!/usr/bin/env bash
# One task of an array: run zhprep with these arguments, and put the task into the queue again if it was told to stop.
zhprep "$@" &
running=$!
trap 'kill -USR1 "$running"' USR1
code=0
wait "$running" || code=$?  # also of what has ended by now
while kill -0 "$running" 2>/dev/null; do  # a signal ends `wait` before what it waits for
  code=0
  wait "$running" || code=$?
done
case $code in
  85 | 138)  # stopped on purpose; 138: before it had begun to work
    scontrol requeue "${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}"
    ;;
esac
exit "$code"
