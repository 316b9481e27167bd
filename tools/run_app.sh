#!/bin/sh
# usage: run_app.sh BIN SAMPLE -- opens the app with a sample; where no window can open, runs the sample in the
# terminal. The exit status is the program's.
bin=$1
sample=$2

if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] && [ "${QT_QPA_PLATFORM:-}" != offscreen ]; then
    if "$bin/python" tools/check_qt.py --display; then
        exec "$bin/python" -m windlass_gui --sample "$sample"
    fi
    echo "No window can open here; running the sample in the terminal instead." >&2
else
    echo "There is no display; running the sample in the terminal." >&2
fi
exec "$bin/windlass" run "$sample"
