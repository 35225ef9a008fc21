#!/bin/bash
# The user guide's pictures from the screenshots of `make qgis`. Crops are places of the 1600×1000 screen the tour uses.
set -euo pipefail
cd "$(dirname "$0")/../.."
shots=build/qgis
picture() { # name, screenshot, crop, width
    convert "${SHOTS:-$shots}/$2.png" -crop "$3" +repage -resize "$4x>" -strip -colors 200 "docs/images/$1.png"
}
picture menu 01_menu 820x150+0+0 820
picture first_picture 02_first_picture 1600x1000+0+0 1100
picture low_sun 05_low_sun 462x880+1138+96 462
picture drape 06_drape 462x880+1138+96 462
picture surface_style 06_surface_style 462x880+1138+96 462
picture export 07_export 450x250+560+330 450
picture wide 12_wide 1160x780+245+125 1000
