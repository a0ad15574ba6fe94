#!/usr/bin/env bash
# The scan step: inputs of trivy-action in INPUT_… variables, `ringwall` (or RINGWALL) on the path.
#
# One difference is meant: with SARIF trivy-action forgets the severities, so that its gate fires on everything. Here
# the SARIF holds every severity as well (unless limit-severities-for-sarif), and the exit code follows the severities.
set -euo pipefail

ringwall=${RINGWALL:-ringwall}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# An input that is empty leaves what trivy.yaml and the tool say.
give() {
    if [ -n "${2:-}" ] && [ "${2:-}" != "${3:-}" ]; then
        export "$1=$2"
    fi
}

if [ -n "${INPUT_TEMPLATE:-}" ]; then
    echo "::error::template: reports from templates are not there yet" >&2
    exit 1
fi

give TRIVY_INPUT "${INPUT_INPUT:-}"
give TRIVY_IGNORE_UNFIXED "${INPUT_IGNORE_UNFIXED:-}" false
give TRIVY_PKG_TYPES "${INPUT_VULN_TYPE:-}" os,library
give TRIVY_SKIP_DIRS "${INPUT_SKIP_DIRS:-}"
give TRIVY_SKIP_FILES "${INPUT_SKIP_FILES:-}"
give TRIVY_CACHE_DIR "${INPUT_CACHE_DIR:-}"
give TRIVY_IGNORE_POLICY "${INPUT_IGNORE_POLICY:-}"
give TRIVY_NO_PROGRESS "${INPUT_HIDE_PROGRESS:-}" false
give TRIVY_LIST_ALL_PKGS "${INPUT_LIST_ALL_PKGS:-}"
give TRIVY_SCANNERS "${INPUT_SCANNERS:-}"
give TRIVY_CONFIG "${INPUT_TRIVY_CONFIG:-}"
give TRIVY_DOCKER_HOST "${INPUT_DOCKER_HOST:-}"
give TRIVY_SEVERITY "${INPUT_SEVERITY:-}" UNKNOWN,LOW,MEDIUM,HIGH,CRITICAL
give TRIVY_EXIT_CODE "${INPUT_EXIT_CODE:-}"

# Several files of accepted findings are one.
if [ -n "${INPUT_TRIVYIGNORES:-}" ]; then
    IFS=',' read -ra files <<< "$INPUT_TRIVYIGNORES"
    if [ "${#files[@]}" -eq 1 ]; then
        export TRIVY_IGNOREFILE="${files[0]}"
    else
        for file in "${files[@]}"; do
            cat -- "$file" >> "$work/trivyignores"
            echo >> "$work/trivyignores"
        done
        export TRIVY_IGNOREFILE="$work/trivyignores"
    fi
fi

kind=${INPUT_SCAN_TYPE:-image}
target=()
case $kind in
    image) if [ -z "${INPUT_INPUT:-}" ]; then target=("${INPUT_IMAGE_REF:-}"); fi ;;
    *) target=("${INPUT_SCAN_REF:-.}") ;;
esac

format=${INPUT_FORMAT:-table}
output=()
if [ -n "${INPUT_OUTPUT:-}" ]; then
    output=(--output "$INPUT_OUTPUT")
fi

if [ "$format" != sarif ] || [ "${INPUT_LIMIT_SEVERITIES_FOR_SARIF:-false}" = true ]; then
    exec "$ringwall" trivy "$kind" --format "$format" "${output[@]}" "${target[@]}"
fi

# Everything is found once; what is written and what fails the build are two views of it.
all=UNKNOWN,LOW,MEDIUM,HIGH,CRITICAL
"$ringwall" trivy "$kind" --format json --output "$work/report.json" --severity $all --exit-code 0 "${target[@]}"
"$ringwall" trivy convert --quiet --format sarif --severity $all --exit-code 0 "${output[@]}" "$work/report.json"
# Without the clean-up trap the exit code would be lost; with it, it is the gate's.
"$ringwall" trivy convert --quiet --format table --output "$work/gate.txt" "$work/report.json"
