#!/bin/bash
# Starts a real QGIS on a virtual screen with a fresh profile that holds the plugin from a built zip, and runs a script in it.
#   scripts/run_qgis.sh ZIP SCRIPT OUT [LAYER]
# SCRIPT finds OUT in $FORGE3D_QGIS_OUT; what QGIS says goes to OUT/qgis.log. The exit status is QGIS's; a QGIS that has not
# ended after $FORGE3D_QGIS_SECONDS (180) is stopped: 124.
set -euo pipefail
[[ $# -ge 3 ]] || { sed -n '2,5s/^# //p' "$0" >&2; exit 2; }
zip=$(realpath "$1") script=$(realpath "$2")
mkdir -p "$3"
out=$(realpath "$3")
layers=()
[[ $# -gt 3 ]] && layers=("$(realpath "$4")")

scratch=$(mktemp -d -t forge3d-qgis.XXXXXX)
trap 'rm -rf "$scratch"' EXIT
profile=$scratch/profiles/default
mkdir -p "$profile/QGIS" "$profile/python/plugins" "$scratch/data" "$scratch/cache"
mkdir -m 0700 "$scratch/run"
/usr/bin/python3 -m zipfile -e "$zip" "$profile/python/plugins"
# Other plugins cost seconds at the start; each of the [app] lines keeps a modal question away.
cat > "$profile/QGIS/QGIS3.ini" <<'INI'
[PythonPlugins]
forge3d_qgis=true
processing=false
MetaSearch=false
db_manager=false
GdalTools=false
grassprovider=false
sagaprovider=false

[app]
askToSaveMemoryLayers=false
plugin_installer\checkOnStart=false
plugin_installer\allowedExperimental=true

[qgis]
checkVersion=false
showTips322=false
style=fusion
projects\defaultProjectCrs=EPSG:4326

[locale]
overrideFlag=true
userLocale=en_US
INI

export FORGE3D_QGIS_OUT=$out XDG_RUNTIME_DIR=$scratch/run XDG_DATA_HOME=$scratch/data LC_ALL=C.UTF-8
export PYTHONDONTWRITEBYTECODE=1 PYTHONFAULTHANDLER=1 LIBGL_ALWAYS_SOFTWARE=1 QT_LOGGING_RULES='*.debug=false'
# The same picture on every machine, whatever its fonts' resolution is.
export QT_SCALE_FACTOR=1 QT_FONT_DPI=96
unset QT_QPA_PLATFORM
status=0
timeout -k 5 "${FORGE3D_QGIS_SECONDS:-180}" \
    xvfb-run -a -s "-screen 0 1600x1000x24 -nolisten tcp" \
    qgis --nologo --noversioncheck --profiles-path "$scratch" --code "$script" "${layers[@]}" \
    > "$out/qgis.log" 2>&1 || status=$?
if [[ $status -ne 0 ]]; then
    echo "QGIS ended with $status; the end of $out/qgis.log:" >&2
    tail -n 40 "$out/qgis.log" >&2
fi
exit "$status"
