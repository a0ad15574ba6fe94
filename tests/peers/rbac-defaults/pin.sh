#!/bin/sh
# Writes go-MINOR.mod and go-MINOR.sum for one published patch release: ./pin.sh 1.36.3
set -eu
version=$1
minor=${version%.*}
patch=${version#1.}
mod=go-$minor.mod
cat > "$mod" <<MOD
// The bootstrap policy of Kubernetes $minor. The replace lines name the published versions of the modules that
// k8s.io/kubernetes replaces by folders of its own repository.
module peers/rbac-defaults

go 1.26.0

require k8s.io/kubernetes v$version
MOD
source=$(go mod download -json "k8s.io/kubernetes@v$version" | sed -n 's/.*"GoMod": "\(.*\)",/\1/p')
sed -n "s|^[[:space:]]*\(k8s.io/[a-z-]*\) => ./staging.*|replace \1 => \1 v0.$patch|p" "$source" >> "$mod"
go mod tidy -modfile="$mod"
