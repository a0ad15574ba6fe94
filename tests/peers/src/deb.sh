# Fetches a Debian package into the current folder and unpacks it below `unpacked`: sh deb.sh PACKAGE VERSION [SUITE]
# With a suite other than the machine's own, its lists are fetched here, and the machine's are left alone.
set -eu
command -v dpkg-deb >/dev/null || { echo "no dpkg-deb: this needs Debian or a system made from it" >&2; exit 1; }
# The fetching user of apt may not enter the cache; root fetches itself.
apt="apt-get -qq -o APT::Sandbox::User=root"
if [ -n "${3:-}" ]; then
  mirror=$(apt-get indextargets --format '$(REPO_URI)' "Origin: Debian" "Created-By: Packages" | head -n 1)
  mkdir -p lists/partial
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $3 main" > suite.list
  apt="$apt -o Dir::Etc::sourcelist=$PWD/suite.list -o Dir::Etc::sourceparts=/dev/null -o Dir::State::lists=$PWD/lists"
  $apt update
fi
fetch() { $apt download "$1"; }
if ! fetch "$1=$2" 2>/dev/null; then
  $apt update
  if ! fetch "$1=$2" 2>/dev/null; then
    fetch "$1"
    echo "$1 $2 is not served any more; instead: $(ls ./*.deb)" >&2
  fi
fi
dpkg-deb -x ./*.deb unpacked
