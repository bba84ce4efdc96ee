#!/usr/bin/env bash
# What a worker of an engine needs, step by step. The Dockerfile runs these steps, and so does make test-engines.
#
#   pipelines/image/setup.sh wheels DIR      fetch the locked versions, and build what has no wheel (fasttext needs a C++ compiler)
#   pipelines/image/setup.sh install DIR     install the wheels of DIR into the python on the PATH
#   pipelines/image/setup.sh kernels NAME…   compile the kernels of shipped recipes into NUMBA_CACHE_DIR, by a run of each
set -euo pipefail
cd "$(dirname "$0")/../.."
pip=(python -m pip --disable-pip-version-check --no-input)

case "${1:-}" in
wheels)
    # hashes are checked here; what comes without a wheel is built
    "${pip[@]}" wheel --quiet --no-deps --require-hashes --wheel-dir "$2" -r pipelines/image/requirements.lock
    "${pip[@]}" wheel --quiet --no-deps --wheel-dir "$2" .
    ;;
install)
    "${pip[@]}" install --quiet --no-deps --no-index "$2"/*.whl
    "${pip[@]}" check
    ;;
kernels)
    shift
    : "${NUMBA_CACHE_DIR:?kernels are compiled into it, and workers need the same value}"
    sample=configs/sample/sample.warc.gz
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    for recipe in "$@"; do
        curate run "$recipe" --input "$sample" --output "$scratch/$recipe" --workers 1 > "$scratch/said" 2>&1 || {
            cat "$scratch/said" >&2
            exit 1
        }
    done
    chmod -R a+rX "$NUMBA_CACHE_DIR"
    ;;
*)
    sed -n '2,7p' "$0" >&2
    exit 2
    ;;
esac
