#!/bin/sh
# usage: find_python.sh [PYTHON] -- prints an interpreter that Windlass can use (3.11 or newer, able to make
# virtual environments), or says exactly what is missing. PYTHON is taken if it is given, and nothing else.
set -u

new_enough='import sys; sys.exit(sys.version_info < (3, 11))'
version='import sys; print("%d.%d" % sys.version_info[:2])'

if [ -n "${1:-}" ]; then
    candidates=$1
else
    candidates="python3.13 python3.12 python3.11 python3.14 python3 python"
fi

too_old=
without_venv=
for name in $candidates; do
    # Running it, not only finding it: a version manager leaves names that lead nowhere.
    path=$(command -v "$name" 2>/dev/null) && found=$("$path" -c "$version" 2>/dev/null) || continue
    if ! "$path" -c "$new_enough"; then
        too_old="$too_old $path ($found)"
    elif ! "$path" -c 'import venv, ensurepip' 2>/dev/null; then
        without_venv="$without_venv python$found-venv"
    else
        echo "$path"
        exit 0
    fi
done

if [ -n "$without_venv" ]; then
    set -- $without_venv
    echo "Python is here, but it cannot make virtual environments. On Debian or Ubuntu: apt install $1" >&2
elif [ -n "$too_old" ]; then
    echo "Windlass needs Python 3.11 or newer; found only$too_old." >&2
    echo "On Debian 12 or Ubuntu 24.04: apt install python3 python3-venv. Or name one: make run PYTHON=/path/to/python" >&2
else
    echo "No Python was found${1:+ at $1}. On Debian or Ubuntu: apt install python3 python3-venv" >&2
fi
exit 1
