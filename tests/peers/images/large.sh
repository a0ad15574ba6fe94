# Makes an image of some 300 MB to measure with: sh large.sh APPLICATIONS ARCHIVE LAYOUT
# The image of applications with all of its system once more in another folder, as a docker archive of plain layers and
# as an OCI layout of compressed ones. Needs umoci and skopeo.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
skopeo copy --quiet "docker-archive:$1" "oci:$work/layout:1"
mkdir -p "$work/again/srv/copy"
umoci raw unpack --image "$work/layout:1" "$work/again/srv/copy"
# Once is enough of what is found: nothing below is where a database of packages lies.
tar -C "$work/again" --owner=0 --group=0 -cf "$work/again.tar" .
umoci raw add-layer --image "$work/layout:1" "$work/again.tar"
skopeo copy --quiet "oci:$work/layout:1" "docker-archive:$2:registry.test/large:1"
skopeo copy --quiet "docker-archive:$2" "oci:$3:1"
