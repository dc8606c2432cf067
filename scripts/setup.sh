#!/bin/sh
# Find a Python that works and let it run bootstrap.py:  sh scripts/setup.sh [--dev]
# Candidates are *run*, not just looked up: a pyenv shim, for one, exists and fails. PYTHON=... overrides the search.

CDPATH='' cd -- "${0%/*}/.." || exit 1
needed='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))'

if [ -n "$PYTHON" ]; then
    candidates=$PYTHON
else
    candidates='.venv/bin/python python3.13 python3.12 python3.11 python3.14 python3 python'
    unset PYTHON
fi

# $PYTHON may be a path with spaces or stars: only our own list is to be split.
[ -n "$PYTHON" ] && IFS='' && set -f
without_venv=''
for candidate in $candidates; do
    "$candidate" -c "$needed" >/dev/null 2>&1 || continue
    if "$candidate" -c 'import ensurepip, venv' >/dev/null 2>&1; then
        exec "$candidate" scripts/bootstrap.py "$@"
    fi
    without_venv=${without_venv:-$candidate}
done

if [ -n "$without_venv" ]; then
    echo "$without_venv cannot make virtual environments: run \`apt-get install python3-venv\` (as root, on Debian and Ubuntu) and try again." >&2
elif [ -n "$PYTHON" ]; then
    echo "PYTHON=$PYTHON is not a Python 3.11 to 3.14 that runs: give another, or leave PYTHON out to have one searched for." >&2
else
    echo "Puzzlescope needs Python 3.11 to 3.14 and found none that runs: install one (\`apt-get install python3 python3-venv\`, or \`brew install python@3.13\`), or name it with PYTHON=/path/to/python3." >&2
fi
exit 1
