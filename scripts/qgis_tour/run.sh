#!/bin/bash
# Runs a scenario inside the real QGIS on a virtual screen, with a fresh profile and the plugin from a zip or a folder.
# usage: run.sh PLUGIN(zip or folder) OUT SCENARIO.py [DEM …]
# Environment: TOUR_SCREEN (1600x1000), TOUR_SECONDS (240), TOUR_LOCALE (en_US). Exit code: QGIS's own, 0 = all went well.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
plugin=$(realpath "$1"); out=$(mkdir -p "$2" && realpath "$2"); scenario=$(realpath "$3"); shift 3
screen=${TOUR_SCREEN:-1600x1000}; locale=${TOUR_LOCALE:-en_US}
work=$(mktemp -d -t forge3d-qgis.XXXXXX)
# Named servers only: the virtual screen and QGIS die with their own process ids, nobody else's.
trap 'rm -rf "$work"' EXIT
profile=$work/profile/profiles/default
mkdir -p "$profile/QGIS" "$profile/python/plugins" "$work/run" "$work/home"
chmod 0700 "$work/run"
if [ -d "$plugin" ]; then
    # A checkout: the package with metadata.txt beside its modules, as the zip has it.
    mkdir "$profile/python/plugins/forge3d_qgis"
    ln -s "$plugin"/* "$profile/python/plugins/forge3d_qgis/"
    ln -sf "$plugin/../metadata.txt" "$profile/python/plugins/forge3d_qgis/"
else
    python3 -m zipfile -e "$plugin" "$profile/python/plugins"
fi
cat > "$profile/QGIS/QGIS3.ini" <<INI
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
plugin_installer\\checkOnStart=false
plugin_installer\\allowedExperimental=false

[qgis]
checkVersion=false
showTips322=false
style=fusion
askToSaveProjectChanges=false

[locale]
overrideFlag=true
userLocale=$locale
INI
export HOME=$work/home XDG_RUNTIME_DIR=$work/run PYTHONDONTWRITEBYTECODE=1 PYTHONFAULTHANDLER=1 LC_ALL=C.UTF-8
export LIBGL_ALWAYS_SOFTWARE=1 QT_LOGGING_RULES='*.debug=false' QT_SCALE_FACTOR=1 QT_FONT_DPI=96 QT_QPA_PLATFORM=xcb
export TOUR_OUT=$out TOUR_FOLDER=$here TOUR_SCENARIO=$scenario
rc=0
timeout -k 5 "${TOUR_SECONDS:-240}" xvfb-run -a -s "-screen 0 ${screen}x24 -nolisten tcp" \
    qgis --nologo --noversioncheck --profiles-path "$work/profile" --code "$here/boot.py" "$@" > "$out/qgis.log" 2>&1 || rc=$?
if [ "$rc" -ne 0 ]; then tail -n 40 "$out/qgis.log" >&2; fi
exit "$rc"
