# Unpacks sysdig and everything it needs from Debian's unstable suite into a folder of its own, to be entered by
# chroot; nothing is installed. The mirror is the one this machine uses: sh sysdig.sh FOLDER
set -eu
root=$1
command -v dpkg-deb >/dev/null || { echo "no dpkg-deb: this needs Debian or a system made from it" >&2; exit 1; }
apt="$root.apt"
rm -rf "$apt" "$root.new"
mkdir -p "$apt/state/lists/partial" "$apt/cache/archives/partial" "$root.new/tmp"
trap 'rm -rf "$apt" "$root.new"' EXIT
mirror=$(sed -n 's/^URIs: *\([^ ]*\).*/\1/p' /etc/apt/sources.list.d/debian.sources 2>/dev/null | head -n 1)
[ -n "$mirror" ] || mirror=$(sed -n 's/^deb \(\[[^]]*\] \)\{0,1\}\([^ ]*\) .*/\2/p' /etc/apt/sources.list | head -n 1)
[ -n "$mirror" ] || { echo "no Debian mirror is configured" >&2; exit 1; }
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror sid main" >"$apt/sources.list"
# As if nothing were installed: every library comes along.
: >"$apt/state/status"
get() {
  apt-get -qq -o Dir::Etc::sourcelist="$apt/sources.list" -o Dir::Etc::sourceparts=/dev/null \
    -o Dir::Etc::preferencesparts=/dev/null -o Dir::State="$apt/state" -o Dir::State::status="$apt/state/status" \
    -o Dir::Cache="$apt/cache" -o APT::Install-Recommends=0 -o APT::Sandbox::User=root \
    -o Acquire::Languages=none "$@"
}
get update
get install -y --download-only sysdig
for package in "$apt"/cache/archives/*.deb; do dpkg-deb -x "$package" "$root.new"; done
# One of the packages that are not needed would make these.
for folder in bin lib lib64; do [ -e "$root.new/$folder" ] || ln -s "usr/$folder" "$root.new/$folder"; done
chroot "$root.new" /usr/bin/sysdig --version
rm -rf "$root"
mv "$root.new" "$root"
