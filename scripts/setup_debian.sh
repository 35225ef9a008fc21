#!/bin/bash
# Installs what this project needs from Debian 12 and is not there yet. Names of groups as arguments, `run` if none:
#   run    QGIS, GDAL, the Vulkan loader and its software driver, a virtual X server, the C linker cargo calls
#   test   what only the tests, the lint and the packaging need
# Asks dpkg first, so a second run touches neither apt nor the network.
set -euo pipefail

declare -A group=(
    [run]="qgis python3-qgis python3-gdal gdal-bin python3-numpy mesa-vulkan-drivers libvulkan1
           xvfb xauth python3 python3-venv gcc libc6-dev ca-certificates"
    [test]="vulkan-validationlayers xdotool imagemagick qttools5-dev-tools fonts-dejavu-core"
)

missing=()
for name in "${@:-run}"; do
    for package in ${group[$name]:?"unknown group $name; expected run or test"}; do
        if [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) != installed ]]; then
            missing+=("$package")
        fi
    done
done
[[ ${#missing[@]} -eq 0 ]] && exit 0

as_root=()
if [[ $EUID -ne 0 ]]; then
    if ! command -v sudo >/dev/null; then
        echo "These Debian packages are missing: ${missing[*]}. Install them as root (sudo is not here)." >&2
        exit 1
    fi
    as_root=(sudo)
fi
echo "Installing from Debian: ${missing[*]}" >&2
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq update
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install "${missing[@]}" >&2
