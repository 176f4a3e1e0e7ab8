#!/bin/sh
# Gives a node in new namespaces its mounts and its network; none of it is visible outside.
# usage: node.sh STATE LAYER NODE IP     LAYER: Debian packages to lay over /usr, or empty
set -eu
state=$1 layer=$2 node=$3 address=$4

# The machine's mounts are visible here; what is mounted here is visible to pods and nobody else.
mount --make-rslave /
mount --make-rshared /
mount -t proc proc /proc
[ -z "$layer" ] || mount -t overlay -o "ro,lowerdir=$layer/usr:/usr" overlay /usr
mount -t tmpfs -o mode=755 run /run
mount --bind "$state/lib" /var/lib
mount --bind "$state/log" /var/log
mount --bind "$state/lib/kubernetes/config/resolv.conf" /etc/resolv.conf

# Control groups: mount the trees again, with the cluster's groups as their roots.
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
else
    mount -t tmpfs -o mode=755 cgroup /sys/fs/cgroup
    while IFS=: read -r _ controllers _; do
        [ -n "$controllers" ] || continue
        options=$controllers name=${controllers#name=}
        [ "$name" = "$controllers" ] || options=none,$controllers
        mkdir "/sys/fs/cgroup/$name"
        mount -t cgroup -o "$options" cgroup "/sys/fs/cgroup/$name"
        case $name in
        *,*) for one in $(echo "$name" | tr , ' '); do ln -s "$name" "/sys/fs/cgroup/$one"; done ;;
        esac
    done </proc/self/cgroup
fi

# The kubelet insists on these settings of the whole machine: show them to it, change nothing.
for setting in vm/overcommit_memory=1 kernel/panic=10 kernel/panic_on_oops=1; do
    echo "${setting#*=}" >"/run/${setting##*/}"
    mount --bind "/run/${setting##*/}" "/proc/sys/${setting%=*}"
done

# The node's address and its default route are on a device that leads nowhere: packets to a service
# need a route before kube-proxy's rules can redirect them to a pod.
hostname "$node"
ip link set lo up
ip link add node0 type veth peer name nowhere0
ip address add "$address/32" dev node0
ip link set node0 up
ip link set nowhere0 up
ip route add default dev node0
echo 1 >/proc/sys/net/ipv4/ip_forward
