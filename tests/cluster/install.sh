#!/usr/bin/env bash
# Install the Slurm that start.sh starts (Debian and Ubuntu, as root). Says in one line why where it cannot.
set -euo pipefail

[ -x /usr/sbin/slurmctld ] && exit 0
if ! command -v apt-get > /dev/null || [ "$(id -u)" -ne 0 ]; then
    echo "Slurm is not installed and cannot be here (it takes apt-get and root): tests/cluster is skipped" >&2
    exit 1
fi
export DEBIAN_FRONTEND=noninteractive
{ apt-get update -qq && apt-get install -qq --no-install-recommends munge slurmctld slurmd slurm-client; } > /dev/null 2>&1 || {
    echo "apt-get could not install slurmctld, slurmd, slurm-client and munge: tests/cluster is skipped" >&2
    exit 1
}
