# A Kubernetes node in namespaces of its own, run by busybox in the cluster's folder, which holds:
#   bin/           links to the programs       cgroup     the name of its control groups
#   kubernetes/    becomes /etc/kubernetes     var/       what it leaves to read: audit log, logs of pods
#   image.tar      what its pods are made of   logs/      a log for each program
# Its standard output is a socket that listens outside: the way to the API server.
#
# Three steps, each of which runs the next: `outside` makes the namespaces and, when the node has ended, removes its
# control groups; `inside` makes a root file system out of the machine's own, in memory, so that nothing the node or
# a pod writes stays; `node` is the first process of what then looks like a machine.
set -eu
home=$PWD
busybox=$home/bin/busybox
# Of these the machine's own: busybox, which would take its own, knows fewer words.
mount=$(which mount)
unshare=$(which unshare)
mount() { "$mount" "$@"; }

groups() {
  tree=/sys/fs/cgroup
  # One tree in version 2; in version 1 one for each controller.
  [ -e $tree/cgroup.controllers ] && set -- $tree || set -- $tree/*/
  for controller; do
    [ ! -e "$controller/cgroup.procs" ] || echo "${controller%/}/$(cat "$home/cgroup")"
  done
}

case $1 in
outside)
  for group in $(groups); do
    mkdir -p "$group"
    # Those of version 1 are empty, and then no process may enter.
    for set in cpus mems; do
      [ ! -e "$group/cpuset.$set" ] || cat "${group%/*}/cpuset.$set" >"$group/cpuset.$set"
    done
  done
  mkdir -p system
  "$unshare" --net --mount --pid --uts --ipc --propagation private --fork --kill-child \
    "$busybox" sh "$home/node.sh" inside &
  node=$!
  # Whatever runs in the namespaces ends with their first process.
  trap 'kill -KILL $node 2>/dev/null || true' TERM
  while kill -0 $node 2>/dev/null; do wait $node || true; done
  tries=0
  for group in $(groups); do
    while [ -d "$group" ] && [ $tries -lt 200 ]; do
      "$busybox" find "$group" -depth -type d -exec "$busybox" rmdir {} \; 2>/dev/null || true
      [ ! -d "$group" ] || "$busybox" usleep 20000
      tries=$((tries + 1))
    done
  done
  ;;

inside)
  mount -t tmpfs -o mode=755 node system
  mkdir system/upper system/work system/merged
  mount -t overlay -o "lowerdir=/,upperdir=$home/system/upper,workdir=$home/system/work" node system/merged
  new=$home/system/merged
  mount -t proc proc "$new/proc"
  mount --rbind /sys "$new/sys"
  mount --rbind /dev "$new/dev"
  mount -t tmpfs -o mode=755 run "$new/run"
  mount -t tmpfs -o mode=1777 tmp "$new/tmp"
  mkdir -p "$new/usr/local/bin" "$new/opt/cni/bin" "$new$home"
  for program in bin/*; do
    place=$new/usr/local/$program
    [ -d "$program" ] && place=$new/opt/cni/bin || : >"$place"
    mount --bind "$(readlink -f "$program")" "$place"
  done
  # Folders that may lie in the root file system already, with somebody else's files.
  for folder in var/lib/kubelet var/lib/containerd var/lib/etcd var/lib/cni etc/cni; do
    mkdir -p "$new/$folder"
    mount -t tmpfs -o mode=755 node "$new/$folder"
  done
  mkdir -p "$new/etc/kubernetes" "$new/var/log/kubernetes" "$new/var/log/pods"
  mount --bind kubernetes "$new/etc/kubernetes"
  mount --bind var/kubernetes "$new/var/log/kubernetes"
  mount --bind var/pods "$new/var/log/pods"
  mount --bind "$home" "$new$home"
  cd "$new"
  mkdir -p .old
  pivot_root . .old
  cd "$home"
  exec "$busybox" sh "$home/node.sh" node
  ;;

node)
  umount -l /.old
  rmdir /.old
  cd "$home"
  # Pods may ask to see later mounts.
  mount --make-rshared /
  hostname node1
  export PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
  busybox ip link set lo up
  # The node's own address, and that of the Service `kubernetes`. Nothing leads outside.
  busybox ip addr add 10.77.0.1/32 dev lo
  busybox ip addr add 10.99.0.1/32 dev lo
  echo 1 >/proc/sys/net/ipv4/ip_forward
  mkdir -p /etc/cni/net.d /etc/containerd
  cp kubernetes/node/cni.conflist /etc/cni/net.d/10-bridge.conflist
  cp kubernetes/node/containerd.toml /etc/containerd/config.toml
  cp kubernetes/node/runsc.toml /etc/containerd/runsc.toml
  ln -s /etc/kubernetes/kubelet.yaml /var/lib/kubelet/config.yaml
  : >/etc/resolv.conf
  exec 3>&1 1>&2
  forward 10.77.0.1:6443 10.99.0.1:443 <&3 3>&- 2>logs/forward.log &
  exec 3>&-
  containerd >logs/containerd.log 2>&1 &
  until ctr version >/dev/null 2>&1; do busybox usleep 20000; done
  ctr -n k8s.io images import image.tar
  while :; do
    kubelet --config=/var/lib/kubelet/config.yaml --kubeconfig=/etc/kubernetes/kubelet.conf \
      --hostname-override=node1 --node-ip=10.77.0.1 >>logs/kubelet.log 2>&1 || true
    busybox usleep 100000
  done &
  while :; do wait; busybox usleep 100000; done
  ;;
esac
