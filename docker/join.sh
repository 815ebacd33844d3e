#!/bin/sh
# Makes one Redis Cluster of the nodes that are named, unless they are one already: half of them
# masters, the other half a replica each. Waits until every node knows every slot.
set -eu

port=${PORT:-6379}
state() { redis-cli -h "$1" -p "$port" cluster info | tr -d '\r' | sed -n 's/^cluster_state://p'; }

if [ "$(state "$1")" != ok ]; then
  nodes=
  for name in "$@"; do
    # The cluster knows its nodes by address.
    address=$(getent hosts "$name" | cut -d ' ' -f 1 | head -n 1)
    nodes="$nodes ${address:-$name}:$port"
  done
  # shellcheck disable=SC2086 # one word a node
  redis-cli --cluster create $nodes --cluster-replicas 1 --cluster-yes
fi

# A cluster is agreed on within seconds; after this something else is wrong.
looks_left=300
for name in "$@"; do
  until [ "$(state "$name")" = ok ]; do
    looks_left=$((looks_left - 1))
    if [ "$looks_left" -eq 0 ]; then
      echo "$name does not know all slots after a minute." >&2
      exit 1
    fi
    sleep 0.2
  done
done
echo "The cluster of $# nodes is up."
