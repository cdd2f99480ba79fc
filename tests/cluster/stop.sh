#!/usr/bin/env bash
# Cancel every job of the cluster that start.sh started in FOLDER and end its daemons; its files stay.
# usage: stop.sh FOLDER
set -u

folder=$1
export SLURM_CONF=$folder/etc/slurm.conf
[ -f "$SLURM_CONF" ] || exit 0

timeout 10 scancel --user="$(id -un)" 2> /dev/null
pids=$(cat "$folder"/run/*.pid 2> /dev/null)
# shellcheck disable=SC2086
for signal in TERM KILL; do
    kill -s $signal $pids 2> /dev/null
    for _ in $(seq 50); do
        kill -0 $pids 2> /dev/null || break 2
        sleep 0.2
    done
done
rm -f "$folder"/run/*.pid
