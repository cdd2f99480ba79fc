#!/usr/bin/env bash
# Start a Slurm of two nodes on this machine: munge, slurmctld, two slurmd, all on 127.0.0.1.
# usage: start.sh FOLDER [PORT]     FOLDER holds configuration, keys, state and logs; PORT and the two after it are taken
# Prints the line that makes sbatch and its kin talk to this cluster; nothing outside FOLDER is written. stop.sh ends it.
set -euo pipefail

folder=$(mkdir -p "$1" && cd "$1" && pwd)
port=${2:-26817}
nodes=2
cpus=2
memory_mb=16000
# the daemons are in /usr/sbin, which not every user has on the path
PATH=$PATH:/usr/sbin

missing=()
for tool in munged slurmctld slurmd sbatch; do command -v "$tool" > /dev/null || missing+=("$tool"); done
if ((${#missing[@]})); then
    echo "start.sh: ${missing[*]}: not installed (install.sh installs them)" >&2
    exit 1
fi

wait_for() {
    for _ in $(seq 100); do
        "$@" > /dev/null 2>&1 && return
        sleep 0.2
    done
    echo "start.sh: no answer within 20 s: $*; see $folder/log" >&2
    return 1
}

mkdir -p "$folder"/{bin,etc,log,run,state/slurmctld}
# munge trusts no folder that others may write to
chmod 755 "$folder" "$folder"/{etc,log,run,state}

key=$folder/etc/munge.key
[ -s "$key" ] || (umask 077 && head -c 1024 /dev/urandom > "$key")
munged --force --key-file="$key" --socket="$folder/run/munge.sock" --pid-file="$folder/run/munged.pid" \
    --log-file="$folder/log/munged.log" --seed-file="$folder/state/munged.seed"

host=$(hostname -s)
user=$(id -un)
{
    cat << END
ClusterName=isaclib
SlurmctldHost=$host(127.0.0.1)
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/munge
# a job that lost its node starts again after cred_expire
AuthInfo=socket=$folder/run/munge.sock,cred_expire=30
CredType=cred/munge
MpiDefault=none
# no control groups: the cluster runs in a container too
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=sched_min_interval=100000,bf_interval=2
# nodes are what stands below, whatever the machine is
SlurmdParameters=config_overrides
ReturnToService=2
MailProg=/bin/true
SlurmctldPort=$port
SlurmctldPidFile=$folder/run/slurmctld.pid
SlurmctldLogFile=$folder/log/slurmctld.log
StateSaveLocation=$folder/state/slurmctld
SlurmdPidFile=$folder/run/slurmd-%n.pid
SlurmdLogFile=$folder/log/slurmd-%n.log
SlurmdSpoolDir=$folder/state/slurmd-%n
MinJobAge=3600
KillWait=1
# as some centres have it: only jobs that ask for it start again
JobRequeue=0
# a node that does not answer for so long is down
SlurmdTimeout=30
END
    for ((i = 1; i <= nodes; i++)); do
        echo "NodeName=n$i NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + i)) CPUs=$cpus RealMemory=$memory_mb"
    done
    echo "PartitionName=main Nodes=n[1-$nodes] Default=YES MaxTime=INFINITE State=UP"
} > "$folder/etc/slurm.conf"

export SLURM_CONF=$folder/etc/slurm.conf
slurmctld
wait_for scontrol ping
for ((i = 1; i <= nodes; i++)); do
    mkdir -p "$folder/state/slurmd-n$i"
    slurmd -N "n$i"
done
all_up() { [ "$(sinfo --noheader --Node --states=idle --format=%N | wc -l)" -eq "$nodes" ]; }
wait_for all_up
# Snakemake's plugin removes SLURM_* from its jobs, where a cluster of a centre has its configuration under /etc
printf '#!/bin/sh\nSLURM_CONF=%s exec %s "$@"\n' "$SLURM_CONF" "$(command -v srun)" > "$folder/bin/srun"
chmod 755 "$folder/bin/srun"
echo "export SLURM_CONF=$SLURM_CONF PATH=$folder/bin:\$PATH"
