#!/bin/sh
# Makes .venv with a suitable Python and installs the package, and the extras given as $1, into it.
# Works also where Debian's python3-venv is missing, as long as the Python found has pip.
set -eu

cd "$(dirname "$0")/.."
extras=${1:-}

# A name may exist and not run (a version manager's shim), so every candidate is tried.
suits() {
    command -v "$1" >/dev/null 2>&1 &&
        "$1" -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
    for candidate in ${PYTHON:-} python3.13 python3.12 python3.11 python3 python3.14 python; do
        if suits "$candidate"; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    echo "graphql-app needs Python 3.11 or later, and found none." >&2
    echo "Install one (Debian, Ubuntu: apt install python3 python3-venv), or name one: make PYTHON=/path/to/python" >&2
    return 1
}

make_venv() {
    python=$(find_python) || exit 1
    echo "making .venv with $("$python" --version)"
    rm -rf .venv
    if "$python" -c 'import ensurepip' >/dev/null 2>&1; then
        "$python" -m venv .venv
    elif "$python" -m pip --version >/dev/null 2>&1; then
        "$python" -m venv --without-pip .venv
        "$python" -m pip --quiet --python .venv/bin/python install pip
    else
        echo "$python has neither ensurepip nor pip. Debian, Ubuntu: apt install python3-venv" >&2
        exit 1
    fi
}

# pip is silent for most of a minute; a terminal shows what it is at, a log that it began and what went wrong.
install() {
    if [ ! -t 2 ]; then
        echo "installing graphql-app and its packages into .venv"
        .venv/bin/python -m pip install --quiet --disable-pip-version-check "$@"
        return
    fi
    { .venv/bin/python -m pip install --progress-bar off --disable-pip-version-check "$@" 2>&1; echo "status $?"; } |
        awk '
            function show(text) { printf "\r\033[K%s", substr(text, 1, 78) > "/dev/stderr" }
            /^status / { status = $2; next }
            /^Collecting / { show("installing, " ++found " packages so far: " $2); next }
            /^Installing collected/ { show("installing, unpacking " found " packages"); next }
            /^(ERROR|error)/ { print "\n" $0 > "/dev/stderr"; next }
            END { show(""); exit status }'
}

# A .venv that was copied or whose Python is gone does not run, and is made again.
.venv/bin/python -m pip --version >/dev/null 2>&1 || make_venv
install --editable ".${extras:+[$extras]}"
