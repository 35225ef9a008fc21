<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de" sourcelanguage="en">
<context>
    <name>Forge3D</name>
    <message>
        <source>chosen: {budget}</source>
        <translation>gewählt: {budget}</translation>
    </message>
    <message>
        <source>{source} read as {held}</source>
        <translation>{source} als {held} gelesen</translation>
    </message>
    <message>
        <source>{kind}, {own} of its own, {free} free: {budget}</source>
        <translation>{kind}, {own} eigener Speicher, {free} frei: {budget}</translation>
    </message>
    <message>
        <source>{kind}, {free} free: {budget}</source>
        <translation>{kind}, {free} frei: {budget}</translation>
    </message>
    <message>
        <source>{source} read as {held} to stay within {budget}</source>
        <translation>{source} als {held} gelesen, um unter {budget} zu bleiben</translation>
    </message>
    <message>
        <source>{source} read as {held} to stay within what this adapter holds</source>
        <translation>{source} gelesen als {held}, damit es in diesen Adapter passt</translation>
    </message>
    <message>
        <source>heights counted from {metres} m</source>
        <translation>Höhen ab {metres} m gezählt</translation>
    </message>
    <message>
        <source>radii as heights above {metres} m</source>
        <translation>Radien als Höhen über {metres} m</translation>
    </message>
    <message>
        <source>its scale and offset are no numbers to reckon with and were left aside</source>
        <translation>Skalierung und Versatz sind keine brauchbaren Zahlen und bleiben unbeachtet</translation>
    </message>
    <message>
        <source>heights held as 32-bit numbers, as an overview of nearly the same size holds averages</source>
        <translation>Höhen als 32-Bit-Zahlen gehalten, da eine Übersicht von fast derselben Größe Mittelwerte enthält</translation>
    </message>
    <message>
        <source>stored as one block, decoded as a whole: {size} of memory</source>
        <translation>als ein einziger Block gespeichert, der als Ganzes entpackt wird: {size} Speicher</translation>
    </message>
    <message>
        <source>its georeference is degenerate and was left aside</source>
        <translation>seine Georeferenz ist entartet und blieb unbeachtet</translation>
    </message>
    <message>
        <source>placed by its ground control points</source>
        <translation>nach seinen Passpunkten gelegt</translation>
    </message>
    <message>
        <source>no CRS: taken as degrees on WGS 84, as heights far exceed the extent</source>
        <translation>kein KBS: als Grad auf WGS 84 genommen, da die Höhen die Ausdehnung weit übersteigen</translation>
    </message>
    <message>
        <source>projection's stretch undone: one map unit is {across} × {down} m here</source>
        <translation>Verzerrung der Projektion aufgehoben: eine Karteneinheit ist hier {across} × {down} m</translation>
    </message>
    <message>
        <source>no georeference: square cells of 1 m, row 0 in the north</source>
        <translation>keine Georeferenz: quadratische Zellen von 1 m, Zeile 0 im Norden</translation>
    </message>
    <message>
        <source>CRS not understood: map units taken as metres</source>
        <translation>KBS nicht verstanden: Karteneinheiten als Meter genommen</translation>
    </message>
    <message>
        <source>map units of {metres} m ({name})</source>
        <translation>Karteneinheiten von {metres} m ({name})</translation>
    </message>
    <message>
        <source>degrees as {across}×{down} m a cell</source>
        <translation>Grad als {across}×{down} m je Zelle</translation>
    </message>
    <message>
        <source>{unit} × {factor}</source>
        <translation>{unit} × {factor}</translation>
    </message>
    <message>
        <source>no CRS: map units taken as metres</source>
        <translation>kein KBS: Karteneinheiten als Meter genommen</translation>
    </message>
    <message>
        <source>heights × {factor}</source>
        <translation>Höhen × {factor}</translation>
    </message>
    <message>
        <source>unit of heights «{unit}» not known, taken as metres</source>
        <translation>Höheneinheit «{unit}» unbekannt, als Meter genommen</translation>
    </message>
    <message>
        <source>feet × {factor}</source>
        <translation>Fuß × {factor}</translation>
    </message>
    <message>
        <source>US survey feet × {factor}</source>
        <translation>US-Vermessungsfuß × {factor}</translation>
    </message>
    <message>
        <source>heights held as 32-bit numbers, as the band's scale or offset allows no others</source>
        <translation>Höhen als 32-Bit-Zahlen gehalten, da Maßstab oder Versatz des Bandes keine anderen zulassen</translation>
    </message>
    <message>
        <source>heights held as 16-bit numbers</source>
        <translation>Höhen als 16-Bit-Zahlen gehalten</translation>
    </message>
    <message>
        <source>heights held as 32-bit numbers, as {height} m is one of them</source>
        <translation>Höhen als 32-Bit-Zahlen gehalten, da {height} m eine von ihnen ist</translation>
    </message>
    <message>
        <source>heights held as 32-bit numbers, as they are not stored in metres</source>
        <translation>Höhen als 32-Bit-Zahlen gehalten, da sie nicht in Metern gespeichert sind</translation>
    </message>
    <message>
        <source>{value} read as void (undeclared nodata, {share} %)</source>
        <translation>{value} als leer gelesen (nicht angegebener NoData-Wert, {share} %)</translation>
    </message>
    <message>
        <source>values beyond ±1e18 read as void ({share} %)</source>
        <translation>Werte jenseits von ±1e18 als leer gelesen ({share} %)</translation>
    </message>
    <message>
        <source>E&amp;xaggeration</source>
        <translation>Ü&amp;berhöhung</translation>
    </message>
    <message>
        <source>Vertical exaggeration. 1 is true scale, 2 doubles the heights.</source>
        <translation>Überhöhung. 1 ist maßstabsgetreu, 2 verdoppelt die Höhen.</translation>
    </message>
    <message>
        <source>A&amp;zimuth</source>
        <translation>A&amp;zimut</translation>
    </message>
    <message>
        <source>Direction the light comes from, clockwise from north</source>
        <translation>Richtung, aus der das Licht kommt, im Uhrzeigersinn ab Nord</translation>
    </message>
    <message>
        <source>A&amp;ltitude</source>
        <translation>&amp;Höhe</translation>
    </message>
    <message>
        <source>Height of the sun: 0 on the horizon, 90 overhead</source>
        <translation>Sonnenhöhe: 0 am Horizont, 90 im Zenit</translation>
    </message>
    <message>
        <source>So&amp;ftness</source>
        <translation>&amp;Weichheit</translation>
    </message>
    <message>
        <source>Softness of the shadows: the diameter of the sun. The real sun has 0.5°.</source>
        <translation>Weichheit der Schatten: Durchmesser der Sonne. Die wirkliche Sonne hat 0,5°.</translation>
    </message>
    <message>
        <source>Sun light</source>
        <translation>Sonnenlicht</translation>
    </message>
    <message>
        <source>Strength of the direct light; 1 is full daylight</source>
        <translation>Stärke des direkten Lichts; 1 ist volles Tageslicht</translation>
    </message>
    <message>
        <source>S&amp;ky light</source>
        <translation>&amp;Himmelslicht</translation>
    </message>
    <message>
        <source>Light from the whole sky; 1 is natural. It brightens what is open and leaves valleys dark.</source>
        <translation>Licht vom ganzen Himmel; 1 ist natürlich. Es hellt Offenes auf und lässt Täler dunkel.</translation>
    </message>
    <message>
        <source>Exposure</source>
        <translation>Belichtung</translation>
    </message>
    <message>
        <source>Brightness of the whole picture; 2 is twice as bright</source>
        <translation>Helligkeit des ganzen Bildes; 2 ist doppelt so hell</translation>
    </message>
    <message>
        <source>&amp;Heading</source>
        <translation>Blick&amp;richtung</translation>
    </message>
    <message>
        <source>Direction you look to, clockwise from north</source>
        <translation>Richtung, in die man blickt, im Uhrzeigersinn ab Nord</translation>
    </message>
    <message>
        <source>P&amp;itch</source>
        <translation>&amp;Neigung</translation>
    </message>
    <message>
        <source>How far you look down: 0 level, 90 from above</source>
        <translation>Wie weit man hinabblickt: 0 waagrecht, 90 von oben</translation>
    </message>
    <message>
        <source>Zoom</source>
        <translation>Zoom</translation>
    </message>
    <message>
        <source>Magnification: 1 fits the whole DEM, 2 makes it twice as large</source>
        <translation>Vergrößerung: 1 zeigt das ganze DGM, 2 zeigt es doppelt so groß</translation>
    </message>
    <message>
        <source>Field of view</source>
        <translation>Blickfeld</translation>
    </message>
    <message>
        <source>Vertical opening of the perspective; 35 looks natural</source>
        <translation>Senkrechter Öffnungswinkel der Perspektive; 35 wirkt natürlich</translation>
    </message>
    <message>
        <source>{size} in {bands} bands, about {time}</source>
        <translation>{size} in {bands} Streifen, etwa {time}</translation>
    </message>
    <message>
        <source>{size} in one band, about {time}</source>
        <translation>{size} in einem Streifen, etwa {time}</translation>
    </message>
    <message>
        <source>Draft</source>
        <translation>Entwurf</translation>
    </message>
    <message>
        <source>A quick look: half the size, few samples, coarse heights</source>
        <translation>Ein schneller Blick: halbe Größe, wenige Abtastungen, grobe Höhen</translation>
    </message>
    <message>
        <source>Balanced</source>
        <translation>Ausgewogen</translation>
    </message>
    <message>
        <source>For the screen: smooth, with heights of up to 4096×4096</source>
        <translation>Für den Bildschirm: glatt, mit Höhen bis 4096×4096</translation>
    </message>
    <message>
        <source>High quality</source>
        <translation>Hohe Qualität</translation>
    </message>
    <message>
        <source>Soft light without grain, with heights of up to 8192×8192</source>
        <translation>Weiches Licht ohne Korn, mit Höhen bis 8192×8192</translation>
    </message>
    <message>
        <source>Print</source>
        <translation>Druck</translation>
    </message>
    <message>
        <source>Every height that memory allows, and the most samples: takes minutes</source>
        <translation>Alle Höhen, die der Speicher erlaubt, und die meisten Abtastungen: dauert Minuten</translation>
    </message>
    <message>
        <source>Forge3D Relief</source>
        <translation>Forge3D-Relief</translation>
    </message>
    <message>
        <source>Forge3D</source>
        <translation>Forge3D</translation>
    </message>
    <message>
        <source>CPU preview</source>
        <translation>CPU-Vorschau</translation>
    </message>
    <message>
        <source>The compiled part is missing: a hillshade from above is shown instead.</source>
        <translation>Der kompilierte Teil fehlt: gezeigt wird eine Schummerung von oben.</translation>
    </message>
    <message>
        <source>No relief yet</source>
        <translation>Noch kein Relief</translation>
    </message>
    <message>
        <source>Select a raster layer of heights (a DEM) and choose Render selected layer.</source>
        <translation>Einen Rasterlayer mit Höhen (ein DGM) wählen, dann „Gewählten Layer rendern“.</translation>
    </message>
    <message>
        <source>Drag a rectangle on the map canvas. Esc keeps the area as it is.</source>
        <translation>Ein Rechteck in der Karte aufziehen. Esc lässt den Bereich, wie er ist.</translation>
    </message>
    <message>
        <source>Drawn at 1:{divisor} to stay within the memory budget</source>
        <translation>1:{divisor} gezeichnet, um im Speicherbudget zu bleiben</translation>
    </message>
    <message>
        <source>Reading the heights…</source>
        <translation>Höhen werden gelesen…</translation>
    </message>
    <message>
        <source>This layer is not a DEM</source>
        <translation>Dieser Layer ist kein Höhenmodell</translation>
    </message>
    <message>
        <source>{x}, {y} · {height} m</source>
        <translation>{x}, {y} · {height} m</translation>
    </message>
    <message>
        <source>The area does not overlap “{name}”. Choose another area, or the whole layer.</source>
        <translation>Der Bereich liegt außerhalb von „{name}“. Einen anderen Bereich oder den ganzen Layer wählen.</translation>
    </message>
    <message>
        <source>Open</source>
        <translation>Öffnen</translation>
    </message>
    <message>
        <source>Show folder</source>
        <translation>Ordner zeigen</translation>
    </message>
    <message>
        <source>The picture is on the clipboard.</source>
        <translation>Das Bild ist in der Zwischenablage.</translation>
    </message>
    <message>
        <source>An export is under way. Wait for it, or cancel it in the status bar.</source>
        <translation>Ein Export läuft. Abwarten oder in der Statusleiste abbrechen.</translation>
    </message>
    <message>
        <source>The compiled part is missing: only the CPU preview can be copied.</source>
        <translation>Der kompilierte Teil fehlt: nur die CPU-Vorschau kann kopiert werden.</translation>
    </message>
    <message>
        <source>The export was cancelled. Nothing was written.</source>
        <translation>Der Export wurde abgebrochen. Nichts wurde geschrieben.</translation>
    </message>
    <message>
        <source>Exporting {name}</source>
        <translation>{name} wird exportiert</translation>
    </message>
    <message>
        <source>Exported to {path}</source>
        <translation>Exportiert nach {path}</translation>
    </message>
    <message>
        <source>New layout</source>
        <translation>Neues Layout</translation>
    </message>
    <message>
        <source>Export failed: {reason}</source>
        <translation>Export fehlgeschlagen: {reason}</translation>
    </message>
    <message>
        <source>Export View as PNG</source>
        <translation>Ansicht als PNG exportieren</translation>
    </message>
    <message>
        <source>Custom</source>
        <translation>Benutzerdefiniert</translation>
    </message>
    <message>
        <source>Keep the shape of the view: width and height change together</source>
        <translation>Form der Ansicht behalten: Breite und Höhe ändern sich gemeinsam</translation>
    </message>
    <message>
        <source>&amp;Transparent background</source>
        <translation>&amp;Transparenter Hintergrund</translation>
    </message>
    <message>
        <source>Nothing behind the terrain, for use over other pictures</source>
        <translation>Nichts hinter dem Gelände, zum Legen über andere Bilder</translation>
    </message>
    <message>
        <source>PNG pictures (*.png)</source>
        <translation>PNG-Bilder (*.png)</translation>
    </message>
    <message>
        <source>Si&amp;ze</source>
        <translation>&amp;Größe</translation>
    </message>
    <message>
        <source>Common sizes; the picture shows what the view shows</source>
        <translation>Übliche Größen; das Bild zeigt, was die Ansicht zeigt</translation>
    </message>
    <message>
        <source>Pixels</source>
        <translation>Pixel</translation>
    </message>
    <message>
        <source>Sa&amp;mples</source>
        <translation>A&amp;btastungen</translation>
    </message>
    <message>
        <source>&amp;Resolution</source>
        <translation>&amp;Auflösung</translation>
    </message>
    <message>
        <source>Pixels an inch, 30 to 2400, written into the file</source>
        <translation>Pixel je Zoll, 30 bis 2400, in die Datei geschrieben</translation>
    </message>
    <message>
        <source>&amp;File</source>
        <translation>&amp;Datei</translation>
    </message>
    <message>
        <source>Where the picture goes; it appears when it is complete</source>
        <translation>Wohin das Bild kommt; es erscheint, wenn es fertig ist</translation>
    </message>
    <message>
        <source>&amp;Export</source>
        <translation>&amp;Exportieren</translation>
    </message>
    <message>
        <source>As the view</source>
        <translation>Wie die Ansicht</translation>
    </message>
    <message>
        <source>A4 at 300 dpi</source>
        <translation>A4 mit 300 dpi</translation>
    </message>
    <message>
        <source>A3 at 300 dpi</source>
        <translation>A3 mit 300 dpi</translation>
    </message>
    <message>
        <source>Choose a file in a folder that exists</source>
        <translation>Eine Datei in einem vorhandenen Ordner wählen</translation>
    </message>
    <message>
        <source>Rays a pixel, 1 to {limit}: 1 is a sketch, 16 smooth, 64 for print. Time grows with them.</source>
        <translation>Strahlen je Pixel, 1 bis {limit}: 1 ist eine Skizze, 16 glatt, 64 für den Druck. Die Dauer wächst mit.</translation>
    </message>
    <message>
        <source>Pixels, 1 to {limit}</source>
        <translation>Pixel, 1 bis {limit}</translation>
    </message>
    <message>
        <source>{width} × {height} px</source>
        <translation>{width} × {height} px</translation>
    </message>
    <message>
        <source>{width} × {height} cm</source>
        <translation>{width} × {height} cm</translation>
    </message>
    <message>
        <source>{factor} times the view</source>
        <translation>{factor}-mal die Ansicht</translation>
    </message>
    <message>
        <source>Preparing the CPU preview</source>
        <translation>CPU-Vorschau wird vorbereitet</translation>
    </message>
    <message>
        <source>Relief: sun, shadows and sky</source>
        <translation>Relief: Sonne, Schatten und Himmel</translation>
    </message>
    <message>
        <source>Hillshade: grey, after Horn</source>
        <translation>Schummerung: grau, nach Horn</translation>
    </message>
    <message>
        <source>As fine as memory allows</source>
        <translation>So fein, wie der Speicher erlaubt</translation>
    </message>
    <message>
        <source>All heights that fit the memory, and the samples of the options</source>
        <translation>Alle Höhen, die in den Speicher passen, und die Abtastungen der Optionen</translation>
    </message>
    <message>
        <source>{low} to {high}, default {default}</source>
        <translation>{low} bis {high}, Vorgabe {default}</translation>
    </message>
    <message>
        <source>{samples} samples a pixel</source>
        <translation>{samples} Abtastungen je Pixel</translation>
    </message>
    <message>
        <source>Heights</source>
        <translation>Höhen</translation>
    </message>
    <message>
        <source>Picture</source>
        <translation>Bild</translation>
    </message>
    <message>
        <source>Colours</source>
        <translation>Farben</translation>
    </message>
    <message>
        <source>Map</source>
        <translation>Karte</translation>
    </message>
    <message>
        <source>Upload</source>
        <translation>Hochladen</translation>
    </message>
    <message>
        <source>Heights in Python</source>
        <translation>Höhen in Python</translation>
    </message>
    <message>
        <source>Map in Python</source>
        <translation>Karte in Python</translation>
    </message>
    <message>
        <source>Picture in Python</source>
        <translation>Bild in Python</translation>
    </message>
    <message>
        <source>Memory of the renderer</source>
        <translation>Speicher des Renderers</translation>
    </message>
    <message>
        <source>The budget is set in Settings ▸ Options ▸ Forge3D.</source>
        <translation>Das Budget steht in Einstellungen ▸ Optionen ▸ Forge3D.</translation>
    </message>
    <message>
        <source>software</source>
        <translation>Software</translation>
    </message>
    <message>
        <source>No graphics card is used: the processor draws. It works everywhere and is slower.</source>
        <translation>Keine Grafikkarte: der Prozessor zeichnet. Das geht überall und ist langsamer.</translation>
    </message>
    <message>
        <source>{held} of {limit} in use ({share} %)</source>
        <translation>{held} von {limit} belegt ({share} %)</translation>
    </message>
    <message>
        <source>Highest so far: {peak}</source>
        <translation>Höchststand: {peak}</translation>
    </message>
    <message>
        <source>{done} of {wanted} samples</source>
        <translation>{done} von {wanted} Abtastungen</translation>
    </message>
    <message>
        <source>In Python, beside the budget: {size}</source>
        <translation>In Python, neben dem Budget: {size}</translation>
    </message>
    <message>
        <source>{time} ms</source>
        <translation>{time} ms</translation>
    </message>
    <message>
        <source>{time} s</source>
        <translation>{time} s</translation>
    </message>
    <message>
        <source>No raster layer</source>
        <translation>Kein Rasterlayer</translation>
    </message>
    <message>
        <source>Raster layer of heights that is shown</source>
        <translation>Rasterlayer mit Höhen, der gezeigt wird</translation>
    </message>
    <message>
        <source>Layer</source>
        <translation>Layer</translation>
    </message>
    <message>
        <source>Keep this layer when another one becomes active</source>
        <translation>Diesen Layer behalten, wenn ein anderer aktiv wird</translation>
    </message>
    <message>
        <source>Read and render again (F5)</source>
        <translation>Neu lesen und rendern (F5)</translation>
    </message>
    <message>
        <source>Show everything (Home)</source>
        <translation>Alles zeigen (Pos1)</translation>
    </message>
    <message>
        <source>Named views of this project</source>
        <translation>Benannte Ansichten dieses Projekts</translation>
    </message>
    <message>
        <source>Copy the picture to the clipboard</source>
        <translation>Bild in die Zwischenablage kopieren</translation>
    </message>
    <message>
        <source>Add the picture to a print layout</source>
        <translation>Bild in ein Drucklayout einfügen</translation>
    </message>
    <message>
        <source>Export the view as a PNG picture…</source>
        <translation>Ansicht als PNG-Bild exportieren…</translation>
    </message>
    <message>
        <source>The driver's checks begin when QGIS starts the next time.</source>
        <translation>Die Prüfungen des Treibers beginnen beim nächsten Start von QGIS.</translation>
    </message>
    <message>
        <source>QGIS ended the last time while the graphics device was being made. Software is used this time; choose the adapter in Settings ▸ Options ▸ Forge3D.</source>
        <translation>QGIS endete das letzte Mal, während das Grafikgerät angelegt wurde. Diesmal wird Software benutzt; der Adapter wird in Einstellungen ▸ Optionen ▸ Forge3D gewählt.</translation>
    </message>
    <message>
        <source>The graphics device was lost again and again. The processor draws from now on; choose the adapter in Settings ▸ Options ▸ Forge3D to try it again.</source>
        <translation>Das Grafikgerät ging immer wieder verloren. Von jetzt an zeichnet der Prozessor; in Einstellungen ▸ Optionen ▸ Forge3D wird der Adapter gewählt, um es wieder zu versuchen.</translation>
    </message>
    <message>
        <source>The graphics device was lost. Another one has drawn the picture anew.</source>
        <translation>Das Grafikgerät ging verloren. Ein anderes hat das Bild neu gezeichnet.</translation>
    </message>
    <message>
        <source>The chosen adapter “{chosen}” is not here: drawn with {used}.</source>
        <translation>Der gewählte Adapter „{chosen}“ ist nicht da: gezeichnet mit {used}.</translation>
    </message>
    <message>
        <source>Copy &amp;diagnostics</source>
        <translation>&amp;Diagnose kopieren</translation>
    </message>
    <message>
        <source>How to &amp;install</source>
        <translation>So wird &amp;installiert</translation>
    </message>
    <message>
        <source>&amp;Try again</source>
        <translation>&amp;Erneut versuchen</translation>
    </message>
    <message>
        <source>No graphics adapter can be used, not even in software. The picture is a hillshade from above.</source>
        <translation>Kein Grafikadapter ist nutzbar, auch nicht in Software. Das Bild ist eine Schummerung von oben.</translation>
    </message>
    <message>
        <source>Another version of the renderer is still loaded. Restart QGIS to finish the update.</source>
        <translation>Eine andere Version des Renderers ist noch geladen. QGIS neu starten, um die Aktualisierung abzuschließen.</translation>
    </message>
    <message>
        <source>The compiled part of Forge3D is not there, or not for this system. The picture is a hillshade from above.</source>
        <translation>Der kompilierte Teil von Forge3D fehlt oder passt nicht zu diesem System. Das Bild ist eine Schummerung von oben.</translation>
    </message>
    <message>
        <source>Renderer</source>
        <translation>Renderer</translation>
    </message>
    <message>
        <source>Automatic</source>
        <translation>Automatisch</translation>
    </message>
    <message>
        <source>Memory &amp;budget</source>
        <translation>Speicher&amp;budget</translation>
    </message>
    <message>
        <source>Most memory the renderer may hold, in MiB. Larger rasters are averaged to fit. Automatic follows the adapter: half of a graphics card's own memory, or a part of the free memory that it shares.</source>
        <translation>Der meiste Speicher, den der Renderer halten darf, in MiB. Größere Raster werden passend gemittelt. Automatisch richtet sich nach dem Adapter: die Hälfte des eigenen Speichers einer Grafikkarte oder ein Teil des freien Speichers, den er mitbenutzt.</translation>
    </message>
    <message>
        <source>&amp;Adapter</source>
        <translation>&amp;Adapter</translation>
    </message>
    <message>
        <source>What draws the picture</source>
        <translation>Was das Bild zeichnet</translation>
    </message>
    <message>
        <source>&amp;Samples of the preview</source>
        <translation>A&amp;btastungen der Vorschau</translation>
    </message>
    <message>
        <source>Diagnostics</source>
        <translation>Diagnose</translation>
    </message>
    <message>
        <source>&amp;Log</source>
        <translation>&amp;Protokoll</translation>
    </message>
    <message>
        <source>What the renderer writes to the log panel “Forge3D”, at once. The environment variable FORGE3D_LOG goes before it.</source>
        <translation>Was der Renderer ins Protokollfenster „Forge3D“ schreibt, ab sofort. Die Umgebungsvariable FORGE3D_LOG geht vor.</translation>
    </message>
    <message>
        <source>&amp;Check every call to the graphics driver (slow)</source>
        <translation>&amp;Jeden Aufruf des Grafiktreibers prüfen (langsam)</translation>
    </message>
    <message>
        <source>Vulkan's validation layer or Direct3D's debug layer, from the next start of QGIS on. What they find goes to the log panel. A layer that is not installed is told there, and drawing goes on without it.</source>
        <translation>Vulkans Prüfschicht (validation layer) oder Direct3Ds Debug-Schicht, ab dem nächsten Start von QGIS. Was sie finden, steht im Protokollfenster. Fehlt die Schicht, steht es dort, und es wird ohne sie gezeichnet.</translation>
    </message>
    <message>
        <source>This takes effect when QGIS starts the next time.</source>
        <translation>Das gilt ab dem nächsten Start von QGIS.</translation>
    </message>
    <message>
        <source>C&amp;opy</source>
        <translation>&amp;Kopieren</translation>
    </message>
    <message>
        <source>&amp;Facts to copy into a bug report:</source>
        <translation>&amp;Angaben für eine Fehlermeldung:</translation>
    </message>
    <message>
        <source>Automatic: the fastest there is</source>
        <translation>Automatisch: der schnellste vorhandene</translation>
    </message>
    <message>
        <source>Graphics card only</source>
        <translation>Nur Grafikkarte</translation>
    </message>
    <message>
        <source>Software: the processor</source>
        <translation>Software: der Prozessor</translation>
    </message>
    <message>
        <source>Nothing</source>
        <translation>Nichts</translation>
    </message>
    <message>
        <source>Errors</source>
        <translation>Fehler</translation>
    </message>
    <message>
        <source>Warnings</source>
        <translation>Warnungen</translation>
    </message>
    <message>
        <source>Normal</source>
        <translation>Normal</translation>
    </message>
    <message>
        <source>Details</source>
        <translation>Einzelheiten</translation>
    </message>
    <message>
        <source>Everything</source>
        <translation>Alles</translation>
    </message>
    <message>
        <source>Rays a pixel at which the picture is done, 1 to {limit}. Fewer are sooner done, more are smoother.</source>
        <translation>Strahlen je Pixel, bei denen das Bild fertig ist, 1 bis {limit}. Weniger sind schneller, mehr sind glatter.</translation>
    </message>
    <message>
        <source>N</source>
        <translation>N</translation>
    </message>
    <message>
        <source>Back to the default</source>
        <translation>Zurück zur Vorgabe</translation>
    </message>
    <message>
        <source>&amp;Quality</source>
        <translation>&amp;Qualität</translation>
    </message>
    <message>
        <source>How finely heights are read and the picture is drawn. More takes more memory and time.</source>
        <translation>Wie fein die Höhen gelesen und das Bild gezeichnet wird. Mehr braucht mehr Speicher und Zeit.</translation>
    </message>
    <message>
        <source>Terrain</source>
        <translation>Gelände</translation>
    </message>
    <message>
        <source>&amp;Band</source>
        <translation>&amp;Kanal</translation>
    </message>
    <message>
        <source>Band of the raster that holds the heights</source>
        <translation>Kanal des Rasters, der die Höhen enthält</translation>
    </message>
    <message>
        <source>Draw the rectangle on the map canvas</source>
        <translation>Das Rechteck in der Karte zeichnen</translation>
    </message>
    <message>
        <source>&amp;Area</source>
        <translation>&amp;Bereich</translation>
    </message>
    <message>
        <source>Part of the layer to render. Less area shows more detail of a large raster.</source>
        <translation>Teil des Layers, der gerendert wird. Weniger Fläche zeigt mehr Einzelheiten eines großen Rasters.</translation>
    </message>
    <message>
        <source>Light</source>
        <translation>Licht</translation>
    </message>
    <message>
        <source>&amp;Cast shadows</source>
        <translation>&amp;Schlagschatten</translation>
    </message>
    <message>
        <source>Whether mountains throw shadows on the land behind them. On by default.</source>
        <translation>Ob Berge Schatten auf das Land dahinter werfen. Vorgabe: an.</translation>
    </message>
    <message>
        <source>Colou&amp;rs</source>
        <translation>&amp;Farben</translation>
    </message>
    <message>
        <source>What colours the terrain: the layer's own style, a colour ramp over the heights, or a map laid over it</source>
        <translation>Was das Gelände färbt: der Stil des Layers, ein Farbverlauf über die Höhen oder eine darübergelegte Karte</translation>
    </message>
    <message>
        <source>Ram&amp;p</source>
        <translation>&amp;Verlauf</translation>
    </message>
    <message>
        <source>Colours from the lowest to the highest point; the arrow opens QGIS's ramps</source>
        <translation>Farben vom tiefsten zum höchsten Punkt; der Pfeil öffnet die Verläufe von QGIS</translation>
    </message>
    <message>
        <source>The&amp;me</source>
        <translation>The&amp;ma</translation>
    </message>
    <message>
        <source>Map theme of this project that is laid over the terrain</source>
        <translation>Kartenthema dieses Projekts, das über das Gelände gelegt wird</translation>
    </message>
    <message>
        <source>S&amp;urface style</source>
        <translation>Sti&amp;l der Oberfläche</translation>
    </message>
    <message>
        <source>A text of your own or an example that colours the ground, over the ramp and below a map</source>
        <translation>Ein eigener Text oder ein Beispiel, das den Boden färbt: über dem Farbverlauf und unter einer Karte</translation>
    </message>
    <message>
        <source>Sha&amp;ding</source>
        <translation>Schatt&amp;ierung</translation>
    </message>
    <message>
        <source>Relief computes light; Hillshade is the classical grey picture, the same as gdaldem's</source>
        <translation>Relief berechnet Licht; Schummerung ist das klassische graue Bild wie von gdaldem</translation>
    </message>
    <message>
        <source>Background</source>
        <translation>Hintergrund</translation>
    </message>
    <message>
        <source>&amp;Transparent</source>
        <translation>&amp;Transparent</translation>
    </message>
    <message>
        <source>Nothing behind the terrain: the picture is transparent there. Off by default.</source>
        <translation>Nichts hinter dem Gelände: dort ist das Bild durchsichtig. Vorgabe: aus.</translation>
    </message>
    <message>
        <source>Back&amp;ground</source>
        <translation>Hinter&amp;grund</translation>
    </message>
    <message>
        <source>Colour behind the terrain</source>
        <translation>Farbe hinter dem Gelände</translation>
    </message>
    <message>
        <source>View</source>
        <translation>Ansicht</translation>
    </message>
    <message>
        <source>Pro&amp;jection</source>
        <translation>Pro&amp;jektion</translation>
    </message>
    <message>
        <source>Perspective as the eye sees, or orthographic: equal lengths stay equal over the whole picture</source>
        <translation>Perspektive, wie das Auge sieht, oder orthographisch: gleiche Längen bleiben im ganzen Bild gleich</translation>
    </message>
    <message>
        <source>No map theme in this project</source>
        <translation>Kein Kartenthema in diesem Projekt</translation>
    </message>
    <message>
        <source>Whole layer</source>
        <translation>Ganzer Layer</translation>
    </message>
    <message>
        <source>Map canvas extent</source>
        <translation>Kartenausschnitt</translation>
    </message>
    <message>
        <source>Drawn rectangle</source>
        <translation>Gezeichnetes Rechteck</translation>
    </message>
    <message>
        <source>Style of the layer</source>
        <translation>Stil des Layers</translation>
    </message>
    <message>
        <source>Colour ramp</source>
        <translation>Farbverlauf</translation>
    </message>
    <message>
        <source>Drape the map canvas</source>
        <translation>Karte darüberlegen</translation>
    </message>
    <message>
        <source>Drape a map theme</source>
        <translation>Kartenthema darüberlegen</translation>
    </message>
    <message>
        <source>Perspective</source>
        <translation>Perspektive</translation>
    </message>
    <message>
        <source>Orthographic: no foreshortening</source>
        <translation>Orthographisch: ohne Verkürzung</translation>
    </message>
    <message>
        <source>3D relief</source>
        <translation>3D-Relief</translation>
    </message>
    <message>
        <source>Left drag orbits, right drag or Shift+drag pans over the ground, the wheel zooms to the cursor, a double click recentres. Keys: arrows, + and −, N north, T from above, Home for everything.</source>
        <translation>Ziehen mit links dreht, mit rechts oder Umschalt verschiebt, das Rad zoomt zum Zeiger, Doppelklick zentriert. Tasten: Pfeile, + und −, N Nord, T von oben, Pos1 für alles.</translation>
    </message>
    <message>
        <source>Turn the view to north (N)</source>
        <translation>Ansicht nach Norden drehen (N)</translation>
    </message>
    <message>
        <source>Colours of the heights</source>
        <translation>Farben der Höhen</translation>
    </message>
    <message>
        <source>Nothing to render there</source>
        <translation>Dort gibt es nichts zu rendern</translation>
    </message>
    <message>
        <source>Memory is short: less detail is drawn until there is room again.</source>
        <translation>Der Speicher ist knapp: Es wird weniger fein gezeichnet, bis wieder Platz ist.</translation>
    </message>
    <message>
        <source>The picture cannot be drawn</source>
        <translation>Das Bild kann nicht gezeichnet werden</translation>
    </message>
    <message>
        <source>The budget is set in Settings ▸ Options ▸ Forge3D. A smaller area needs less, too.</source>
        <translation>Das Budget steht in Einstellungen ▸ Optionen ▸ Forge3D. Auch ein kleinerer Bereich braucht weniger.</translation>
    </message>
    <message>
        <source>map</source>
        <translation>Karte</translation>
    </message>
    <message>
        <source>heights</source>
        <translation>Höhen</translation>
    </message>
    <message>
        <source>picture</source>
        <translation>Bild</translation>
    </message>
    <message>
        <source>No picture</source>
        <translation>Kein Bild</translation>
    </message>
    <message>
        <source>Reading was cancelled</source>
        <translation>Das Lesen wurde abgebrochen</translation>
    </message>
    <message>
        <source>Render the layer again when you like.</source>
        <translation>Der Layer kann jederzeit neu gerendert werden.</translation>
    </message>
    <message>
        <source>The heights cannot be read</source>
        <translation>Die Höhen können nicht gelesen werden</translation>
    </message>
    <message>
        <source>Details are in the log panel “Forge3D”.</source>
        <translation>Einzelheiten stehen im Protokoll „Forge3D“.</translation>
    </message>
    <message>
        <source>exaggeration {factor}</source>
        <translation>Überhöhung {factor}</translation>
    </message>
    <message>
        <source>The map cannot be draped: {reason}</source>
        <translation>Die Karte kann nicht darübergelegt werden: {reason}</translation>
    </message>
    <message>
        <source>{cols}×{rows} read whole</source>
        <translation>{cols}×{rows} ganz gelesen</translation>
    </message>
    <message>
        <source>{what} at 1:{divisor}, memory is short</source>
        <translation>{what} 1:{divisor}, der Speicher ist knapp</translation>
    </message>
    <message>
        <source>Open the folder of your own styles</source>
        <translation>Den Ordner der eigenen Stile öffnen</translation>
    </message>
    <message>
        <source>What is wrong with the surface style</source>
        <translation>Was am Stil der Oberfläche falsch ist</translation>
    </message>
    <message>
        <source>None</source>
        <translation>Keiner</translation>
    </message>
    <message>
        <source>{name} (of the project)</source>
        <translation>{name} (aus dem Projekt)</translation>
    </message>
    <message>
        <source>Sun position</source>
        <translation>Sonnenstand</translation>
    </message>
    <message>
        <source>Sun position. Drag the sun: the direction is its azimuth (0–360°, clockwise from north), the distance from the centre its altitude (90° overhead in the centre, 0° on the rim). Arrow keys move it by 5°, with Shift by 1°. Double click: 315° / 45°.</source>
        <translation>Sonnenstand. Die Sonne ziehen: die Richtung ist ihr Azimut (0–360°, im Uhrzeigersinn ab Nord), der Abstand von der Mitte ihre Höhe (90° im Zenit in der Mitte, 0° am Rand). Pfeiltasten verschieben um 5°, mit Umschalt um 1°. Doppelklick: 315° / 45°.</translation>
    </message>
    <message>
        <source>E</source>
        <translation>O</translation>
    </message>
    <message>
        <source>S</source>
        <translation>S</translation>
    </message>
    <message>
        <source>W</source>
        <translation>W</translation>
    </message>
    <message>
        <source>Reading heights of “{name}”</source>
        <translation>Höhen von „{name}“ werden gelesen</translation>
    </message>
    <message>
        <source>Copy view</source>
        <translation>Ansicht kopieren</translation>
    </message>
    <message>
        <source>Copy this view as a scene file, for the command line's --scene</source>
        <translation>Diese Ansicht als Szenendatei kopieren, für --scene der Kommandozeile</translation>
    </message>
    <message>
        <source>The view is on the clipboard: a scene file for the command line's --scene.</source>
        <translation>Die Ansicht ist in der Zwischenablage: eine Szenendatei für --scene der Kommandozeile.</translation>
    </message>
    <message>
        <source>Save this view</source>
        <translation>Diese Ansicht speichern</translation>
    </message>
    <message>
        <source>Name of the view:</source>
        <translation>Name der Ansicht:</translation>
    </message>
    <message>
        <source>Rename view</source>
        <translation>Ansicht umbenennen</translation>
    </message>
    <message>
        <source>Rename</source>
        <translation>Umbenennen</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>Löschen</translation>
    </message>
    <message>
        <source>The map laid over the terrain is left out; a colour ramp takes its place.</source>
        <translation>Die darübergelegte Karte bleibt weg; ein Farbverlauf tritt an ihre Stelle.</translation>
    </message>
    <message>
        <source>New name of “{name}”:</source>
        <translation>Neuer Name von „{name}“:</translation>
    </message>
    <message>
        <source>Save this view…</source>
        <translation>Diese Ansicht speichern…</translation>
    </message>
    <message>
        <source>No layer is selected. Select a raster layer of heights (a DEM) in the Layers panel.</source>
        <translation>Kein Layer gewählt. Im Bedienfeld Layer einen Rasterlayer mit Höhen (ein DGM) wählen.</translation>
    </message>
    <message>
        <source>“{name}” is not a raster. A relief needs a raster layer of heights (a DEM).</source>
        <translation>„{name}“ ist kein Raster. Ein Relief braucht einen Rasterlayer mit Höhen (ein DGM).</translation>
    </message>
    <message>
        <source>“{name}” cannot be read: its source is missing or broken. Repair the layer's data source.</source>
        <translation>„{name}“ kann nicht gelesen werden: die Quelle fehlt oder ist beschädigt. Die Datenquelle des Layers reparieren.</translation>
    </message>
    <message>
        <source>“{name}” is a picture from a server, without heights. A DEM as a file or by WCS would do.</source>
        <translation>„{name}“ ist ein Bild von einem Server, ohne Höhen. Ein DGM als Datei oder über WCS hilft.</translation>
    </message>
    <message>
        <source>“{name}” holds complex numbers. A relief needs one band of real heights.</source>
        <translation>„{name}“ enthält komplexe Zahlen. Ein Relief braucht einen Kanal mit reellen Höhen.</translation>
    </message>
    <message>
        <source>“{name}” is a colour picture (red, green, blue). A relief needs a band of heights.</source>
        <translation>„{name}“ ist ein Farbbild (rot, grün, blau). Ein Relief braucht einen Kanal mit Höhen.</translation>
    </message>
    <message>
        <source>source without a size of its own, read as {held}</source>
        <translation>Quelle ohne eigene Größe, als {held} gelesen</translation>
    </message>
    <message>
        <source>“{name}” could not be read: {reason}. Check the connection or the file.</source>
        <translation>„{name}“ konnte nicht gelesen werden: {reason}. Verbindung oder Datei prüfen.</translation>
    </message>
    <message>
        <source>the provider gave no heights</source>
        <translation>der Anbieter lieferte keine Höhen</translation>
    </message>
    <message>
        <source>Render selected layer</source>
        <translation>Gewählten Layer rendern</translation>
    </message>
    <message>
        <source>Render the selected layer as a 3D relief</source>
        <translation>Den gewählten Layer als 3D-Relief rendern</translation>
    </message>
    <message>
        <source>Show panel</source>
        <translation>Bedienfeld zeigen</translation>
    </message>
</context>
</TS>
