# Makes one image of really installed packages, as a docker archive: sh make.sh NAME OUT, in this folder.
# Needs mmdebstrap, umoci, skopeo, rpm, npm, pip and Maven, which ask the registries they are set up for.
set -eu
name=$1 out=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# base: a Debian that had its last update years ago, from the machine's own mirror.
base() {
  mirror=$(apt-get indextargets --format '$(REPO_URI)' "Origin: Debian" "Created-By: Packages" | head -n 1)
  mmdebstrap --quiet --variant=minbase bullseye "$work/base.tar" "$mirror"
  layers="$work/base.tar"
}

# layer NAME: what lies in the folder of that name is one more layer.
layer() {
  tar -C "$work/$1" --owner=0 --group=0 -cf "$work/$1.tar" .
  layers="$layers $work/$1.tar"
}

# pack: the layers, as an image.
pack() {
  umoci init --layout "$work/layout"
  umoci new --image "$work/layout:1"
  for tar in $layers; do
    umoci raw add-layer --image "$work/layout:1" "$tar"
  done
  skopeo copy --quiet "oci:$work/layout:1" "docker-archive:$work/image.tar:registry.test/installed/$name:1"
  mv "$work/image.tar" "$out"
}

# python NAME==VERSION...: wheels, unpacked as pip does.
python() {
  python3 -m pip install --quiet --root-user-action ignore --no-deps --no-compile --only-binary :all: --python-version 3.9 \
    --target "$work/python/usr/local/lib/python3.9/dist-packages" "$@"
}

# node NAME@VERSION...: modules, and the Go program that esbuild brings.
node() {
  mkdir -p "$work/node/srv/app"
  npm install --silent --ignore-scripts --no-audit --no-fund --prefix "$work/node/srv/app" "$@"
}

# java GROUP:NAME:VERSION...: a war with these jars in it.
java() {
  mkdir -p "$work/war/WEB-INF/lib" "$work/java/opt"
  for jar in "$@"; do
    mvn --quiet --batch-mode --no-transfer-progress -Dstyle.color=never org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy \
      "-Dartifact=$jar" "-DoutputDirectory=$work/war/WEB-INF/lib"
  done
  (cd "$work/war" && python3 -m zipfile -c "$work/java/opt/shop.war" WEB-INF)
}

# rpms NAME EPOCH VERSION RELEASE: packages without files, entered into a database by rpm itself.
rpms() {
  root="$work/rpm" count=0
  mkdir -p "$root/etc" "$root/var/lib/rpm" "$work/specs"
  printf 'ID="rocky"\nVERSION_ID="9.1"\nNAME="Rocky Linux"\n' >"$root/etc/os-release"
  printf 'Rocky Linux release 9.1 (Blue Onyx)\n' >"$root/etc/redhat-release"
  while read -r package epoch version release; do
    count=$((count + 1))
    cat >"$work/specs/$count.spec" <<SPEC
Name: $package
Epoch: $epoch
Version: $version
Release: $release
Summary: $package
License: MIT
Vendor: Rocky Enterprise Software Foundation
%description
$package
%files
SPEC
    rpmbuild --quiet --target x86_64 --define "_topdir $work/rpmbuild" -bb "$work/specs/$count.spec" >/dev/null 2>&1
  done <rpms.txt
  rpm --root "$root" --dbpath /var/lib/rpm --force-debian --justdb --nodeps --nosignature -i "$work"/rpmbuild/RPMS/x86_64/*.rpm
  layers=
  layer rpm
}

case $name in
debian)
  base
  ;;
applications)
  base
  python Django==3.2 requests==2.19.1 Jinja2==2.10 urllib3==1.24.1 aiohttp==3.7.4 certifi==2019.11.28 idna==2.8
  layer python
  node lodash@4.17.11 minimist@1.2.0 express@4.16.0 esbuild@0.21.5
  layer node
  ;;
java)
  base
  java org.apache.logging.log4j:log4j-core:2.14.1 org.apache.logging.log4j:log4j-api:2.14.1 commons-io:commons-io:2.6
  layer java
  ;;
rpm)
  rpms
  ;;
*)
  echo "no image is called $name" >&2
  exit 1
  ;;
esac
pack
