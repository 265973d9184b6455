#!/usr/bin/env bash
# Run a command where Slurm has two nodes n1 and n2 that are like two machines: each has its own network address, its own
# processes and its own /tmp/ray, so that what ends "all of this machine" (`ray stop`) ends what is on one node alone.
#   unshare --net --mount --uts --pid --fork --mount-proc --kill-child tests/slurm_hosts.sh FOLDER COMMAND...
# With OWN_NAME=loopback each knows its own name as 127.0.1.1, as a machine of Debian does.
# Needs root, Slurm, munge and iproute2. FOLDER is empty, for its files. All processes end with the command.
set -euo pipefail
top=$1
shift
export PATH="$PATH:/usr/sbin" SLURM_CONF="$top/slurm.conf"
mkdir "$top/state" "$top/spool-n1" "$top/spool-n2"

hostname controller
mount -t tmpfs none /run  # `ip netns` names its own there
printf '127.0.0.1 localhost\n10.77.0.254 controller\n10.77.0.1 n1\n10.77.0.2 n2\n' >"$top/hosts"
mount --bind "$top/hosts" /etc/hosts
ip link set lo up
ip link add bridge type bridge
ip address add 10.77.0.254/24 dev bridge
ip link set bridge up
for number in 1 2; do
  ip netns add "n$number"
  ip link add "port$number" type veth peer name eth0 netns "n$number"
  ip link set "port$number" master bridge up
  ip -n "n$number" link set lo up
  ip -n "n$number" address add "10.77.0.$number/24" dev eth0
  ip -n "n$number" link set eth0 up
  ip -n "n$number" route add default via 10.77.0.254
done

sed "s|{top}|$top|g" "$(dirname "$0")/slurm.conf" >"$SLURM_CONF"
cat >>"$SLURM_CONF" <<END
ClusterName=hosts
SlurmctldHost=controller(10.77.0.254)
NodeName=n1 NodeAddr=10.77.0.1 CPUs=2
NodeName=n2 NodeAddr=10.77.0.2 CPUs=2
PartitionName=debug Nodes=n1,n2 Default=YES
END
(umask 277 && head -c 128 /dev/urandom >"$top/munge.key")
munged --foreground --force --key-file="$top/munge.key" --socket="$top/munge.socket" --pid-file="$top/munged.pid" \
  --log-file="$top/munged.log" --seed-file="$top/munge.seed" &
until [ -S "$top/munge.socket" ]; do sleep 0.1; done
slurmctld -D -c -f "$SLURM_CONF" 2>/dev/null &
for name in n1 n2; do
  nsenter --net="/run/netns/$name" unshare --mount --uts --pid --fork --mount-proc bash -c '
    hostname "$1"
    if [ "${OWN_NAME-}" = loopback ]; then
      sed "s/^10[.0-9]* $1\$/127.0.1.1 $1/" /etc/hosts >"$3/hosts-$1"
      mount --bind "$3/hosts-$1" /etc/hosts
    fi
    mkdir -p /tmp/ray
    mount -t tmpfs none /tmp/ray
    slurmd -D -N "$1" -f "$2"
    exit' - "$name" "$SLURM_CONF" "$top" 2>/dev/null &
done
for _ in $(seq 300); do
  [ "$(sinfo --noheader --states=idle --format=%D 2>/dev/null)" = 2 ] && break
  sleep 0.2
done
"$@"
