#!/bin/sh
# Runs the tests that depend on the Python itself on Debian's own (3.11.2 in Debian 12) and on the newest one found.
# Each runs in a copy of this tree, and as user nobody where root runs this. A Python that is missing is told loudly;
# Debian's own has to be there where CI=true.
set -eu
cd "$(dirname "$0")/.."

# Patterns, and whatever reads texts of clients and of databases; then CSV over HTTP on the embedded engine.
READERS="tests/unit/test_csv_*.py tests/unit/test_rest_*.py tests/unit/test_column_types_*.py tests/unit/test_patterns.py
    tests/unit/test_possessive.py tests/unit/test_similar.py tests/unit/test_times.py tests/unit/test_key_literals.py
    tests/unit/test_type_*.py tests/unit/test_logs.py tests/unit/test_settings.py tests/unit/test_naming.py
    tests/hostile/test_csv_files.py tests/hostile/test_targets.py tests/hostile/test_documents.py"
SERVED="tests/contract/test_csv_import.py tests/contract/test_csv_round_trip.py tests/contract/test_csv_world.py"

say() { echo "$*" >&2; }

# Runs a command in the copy as nobody, or as the user at hand if that is not root.
as_user() {
    (
        cd "$work"
        set -- env HOME="$work/home" TMPDIR="$work/tmp" LD_LIBRARY_PATH="$work/python/lib" "$@"
        # Engines that nobody may not start are skipped here: the main run has all of them.
        unset CI REQUIRE_ENGINES XDG_CACHE_HOME
        [ "$(id -u)" != 0 ] || set -- setpriv --reuid nobody --regid nogroup --clear-groups "$@"
        "$@"
    )
}

# The tree in a folder that nobody may write to, with a .venv of its own.
copy_tree() {
    chmod 755 "$work"
    mkdir "$work/home" "$work/tmp" "$work/python"
    tar -cf - --exclude=./.venv --exclude=./.git --exclude='./.*_cache' --exclude=__pycache__ . | tar -xf - -C "$work"
    python=$1
    as_user "$1" -c '' 2>/dev/null || copy_python "$1"
    "$python" -m venv "$work/.venv"
    "$work/.venv/bin/python" -m pip install -qq --disable-pip-version-check --editable "$work[test]"
    [ "$(id -u)" != 0 ] || chown -R nobody:nogroup "$work"
}

# An interpreter in a folder that is closed to others, as below /root.
copy_python() {
    home=$("$1" -c 'import sys; print(sys.base_prefix)')
    tar -cf - -C "$home" --exclude=site-packages --exclude=test --exclude=__pycache__ bin lib | tar -xf - -C "$work/python"
    python=$work/python/bin/$("$1" -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
}

# Tells what was skipped and pytest's last line; all of it where a test failed.
run_pytest() {
    if as_user .venv/bin/python -m pytest -q -n 2 --no-header -p no:cacheprovider "$@" >"$work/output" 2>&1; then
        grep '^SKIPPED' "$work/output" || true
        tail -n 1 "$work/output"
    else
        cat "$work/output"
        return 1
    fi
}

run_tests_on() {
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    trap 'exit 1' INT TERM
    copy_tree "$1"
    say "tests on Python $(as_user .venv/bin/python -c 'import platform; print(platform.python_version())')" \
        "as $(as_user id -un)"
    # shellcheck disable=SC2086
    run_pytest -m "not engine" $READERS
    # shellcheck disable=SC2086
    run_pytest --engines embedded $SERVED
    rm -rf "$work"
    trap - EXIT
}

# The newest Python from 3.13 on, of the system or of pyenv.
newest() {
    for each in python3.15 python3.14 python3.13; do
        for found in "$(command -v "$each" || true)" "$HOME/.pyenv/versions/${each#python}".*/bin/python; do
            # A version manager's command may be there and not run.
            if [ -x "$found" ] && "$found" -c 'import ensurepip' 2>/dev/null; then
                echo "$found"
                return
            fi
        done
    done
}

if /usr/bin/python3 -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    run_tests_on /usr/bin/python3
else
    say "NOT TESTED: Debian's own Python, for /usr/bin/python3 is missing, older than 3.11 or without python3-venv"
    [ "${CI:-}" != true ] || exit 1
fi
new=$(newest)
if [ -n "$new" ]; then
    run_tests_on "$new"
else
    say "NOT TESTED: a new Python, for neither the system nor pyenv has 3.13 or later"
fi
