# Fetches a Debian package into the current folder and unpacks it below `unpacked`: sh deb.sh PACKAGE VERSION
set -eu
command -v dpkg-deb >/dev/null || { echo "no dpkg-deb: this needs Debian or a system made from it" >&2; exit 1; }
# The fetching user of apt may not enter the cache; root fetches itself.
fetch() { apt-get -qq -o APT::Sandbox::User=root download "$1"; }
if ! fetch "$1=$2" 2>/dev/null; then
  apt-get -qq update
  if ! fetch "$1=$2" 2>/dev/null; then
    fetch "$1"
    echo "$1 $2 is not served any more; instead: $(ls ./*.deb)" >&2
  fi
fi
dpkg-deb -x ./*.deb unpacked
