#!/usr/bin/env bash
# Resolves the ranges of pyproject.toml into requirements.lock and requirements-dev.lock.
set -euo pipefail
cd "$(dirname "$0")/.."

compile() {
    .venv/bin/pip-compile -q --no-header --no-annotate --strip-extras --allow-unsafe \
        --no-emit-index-url --no-emit-trusted-host --no-emit-find-links "$@" pyproject.toml
}

compile --extra line -o requirements.lock
compile --extra line --extra train --extra dev --extra postgres -c requirements.lock -o requirements-dev.lock
# The lock names the release, not the build (CPU or CUDA) that this machine happened to have.
sed -i -E 's/^(torch==[0-9.]+)\+[a-z0-9]+/\1/' requirements-dev.lock
