# Builds gVisor's shim for containerd: sh build.sh OUT, in this folder.
#
# The shim gives itself a negative OOM score and ends where that is refused, as it is without CAP_SYS_RESOURCE;
# containerd's own shim takes what it gets. This one is made to do the same.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp go.mod go.sum tools.go "$work"
cd "$work"
go mod vendor
file=vendor/gvisor.dev/gvisor/pkg/shim/service.go
sed -i 's/shim\.SetScore(cmd\.Process\.Pid)/shim.AdjustOOMScore(cmd.Process.Pid)/' "$file"
grep -q 'shim\.AdjustOOMScore(cmd\.Process\.Pid)' "$file"
go build -trimpath -mod=vendor -buildvcs=false -ldflags '-s -w' -o "$1" gvisor.dev/gvisor/shim
