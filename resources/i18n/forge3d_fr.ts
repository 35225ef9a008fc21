<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="fr" sourcelanguage="en">
<context>
    <name>Forge3D</name>
    <message>
        <source>chosen: {budget}</source>
        <translation>choisi : {budget}</translation>
    </message>
    <message>
        <source>{source} read as {held}</source>
        <translation>{source} lu en {held}</translation>
    </message>
    <message>
        <source>{kind}, {own} of its own, {free} free: {budget}</source>
        <translation>{kind}, {own} de mémoire propre, {free} libres : {budget}</translation>
    </message>
    <message>
        <source>{kind}, {free} free: {budget}</source>
        <translation>{kind}, {free} libres : {budget}</translation>
    </message>
    <message>
        <source>{source} read as {held} to stay within {budget}</source>
        <translation>{source} lu en {held} pour rester sous {budget}</translation>
    </message>
    <message>
        <source>{source} read as {held} to stay within what this adapter holds</source>
        <translation>{source} lu en {held} pour tenir dans cet adaptateur</translation>
    </message>
    <message>
        <source>heights counted from {metres} m</source>
        <translation>hauteurs comptées à partir de {metres} m</translation>
    </message>
    <message>
        <source>radii as heights above {metres} m</source>
        <translation>rayons comme hauteurs au-dessus de {metres} m</translation>
    </message>
    <message>
        <source>its scale and offset are no numbers to reckon with and were left aside</source>
        <translation>son échelle et son décalage ne sont pas des nombres utilisables et ont été ignorés</translation>
    </message>
    <message>
        <source>heights held as 32-bit numbers, as an overview of nearly the same size holds averages</source>
        <translation>altitudes conservées en nombres de 32 bits, car un aperçu de presque la même taille contient des moyennes</translation>
    </message>
    <message>
        <source>stored as one block, decoded as a whole: {size} of memory</source>
        <translation>stocké en un seul bloc, décodé en entier : {size} de mémoire</translation>
    </message>
    <message>
        <source>its georeference is degenerate and was left aside</source>
        <translation>sa géoréférence est dégénérée et a été laissée de côté</translation>
    </message>
    <message>
        <source>placed by its ground control points</source>
        <translation>placé par ses points de contrôle</translation>
    </message>
    <message>
        <source>no CRS: taken as degrees on WGS 84, as heights far exceed the extent</source>
        <translation>pas de SCR : pris en degrés sur WGS 84, les hauteurs dépassant de loin l'étendue</translation>
    </message>
    <message>
        <source>projection's stretch undone: one map unit is {across} × {down} m here</source>
        <translation>étirement de la projection annulé : une unité de carte vaut ici {across} × {down} m</translation>
    </message>
    <message>
        <source>no georeference: square cells of 1 m, row 0 in the north</source>
        <translation>pas de géoréférence : cellules carrées de 1 m, ligne 0 au nord</translation>
    </message>
    <message>
        <source>CRS not understood: map units taken as metres</source>
        <translation>SCR non compris : unités de carte prises en mètres</translation>
    </message>
    <message>
        <source>map units of {metres} m ({name})</source>
        <translation>unités de carte de {metres} m ({name})</translation>
    </message>
    <message>
        <source>degrees as {across}×{down} m a cell</source>
        <translation>degrés comptés {across}×{down} m par cellule</translation>
    </message>
    <message>
        <source>{unit} × {factor}</source>
        <translation>{unit} × {factor}</translation>
    </message>
    <message>
        <source>no CRS: map units taken as metres</source>
        <translation>pas de SCR : unités de carte prises en mètres</translation>
    </message>
    <message>
        <source>heights × {factor}</source>
        <translation>hauteurs × {factor}</translation>
    </message>
    <message>
        <source>unit of heights «{unit}» not known, taken as metres</source>
        <translation>unité des hauteurs «{unit}» inconnue, prise en mètres</translation>
    </message>
    <message>
        <source>feet × {factor}</source>
        <translation>pieds × {factor}</translation>
    </message>
    <message>
        <source>US survey feet × {factor}</source>
        <translation>pieds d'arpentage US × {factor}</translation>
    </message>
    <message>
        <source>heights held as 32-bit numbers, as the band's scale or offset allows no others</source>
        <translation>altitudes conservées en nombres de 32 bits, car l'échelle ou le décalage de la bande n'en permettent pas d'autres</translation>
    </message>
    <message>
        <source>heights held as 16-bit numbers</source>
        <translation>altitudes conservées en nombres de 16 bits</translation>
    </message>
    <message>
        <source>heights held as 32-bit numbers, as {height} m is one of them</source>
        <translation>altitudes conservées en nombres de 32 bits, car {height} m est l’une d’elles</translation>
    </message>
    <message>
        <source>heights held as 32-bit numbers, as they are not stored in metres</source>
        <translation>altitudes conservées en nombres de 32 bits, car elles ne sont pas stockées en mètres</translation>
    </message>
    <message>
        <source>{value} read as void (undeclared nodata, {share} %)</source>
        <translation>{value} lu comme vide (nodata non déclaré, {share} %)</translation>
    </message>
    <message>
        <source>values beyond ±1e18 read as void ({share} %)</source>
        <translation>valeurs au-delà de ±1e18 lues comme vides ({share} %)</translation>
    </message>
    <message>
        <source>E&amp;xaggeration</source>
        <translation>E&amp;xagération</translation>
    </message>
    <message>
        <source>Vertical exaggeration. 1 is true scale, 2 doubles the heights.</source>
        <translation>Exagération verticale. 1 est l'échelle vraie, 2 double les hauteurs.</translation>
    </message>
    <message>
        <source>A&amp;zimuth</source>
        <translation>A&amp;zimut</translation>
    </message>
    <message>
        <source>Direction the light comes from, clockwise from north</source>
        <translation>Direction d'où vient la lumière, dans le sens horaire depuis le nord</translation>
    </message>
    <message>
        <source>A&amp;ltitude</source>
        <translation>&amp;Hauteur</translation>
    </message>
    <message>
        <source>Height of the sun: 0 on the horizon, 90 overhead</source>
        <translation>Hauteur du soleil : 0 à l'horizon, 90 au zénith</translation>
    </message>
    <message>
        <source>So&amp;ftness</source>
        <translation>&amp;Douceur</translation>
    </message>
    <message>
        <source>Softness of the shadows: the diameter of the sun. The real sun has 0.5°.</source>
        <translation>Douceur des ombres : diamètre du soleil. Le vrai soleil fait 0,5°.</translation>
    </message>
    <message>
        <source>Sun light</source>
        <translation>Lumière du soleil</translation>
    </message>
    <message>
        <source>Strength of the direct light; 1 is full daylight</source>
        <translation>Force de la lumière directe ; 1 est le plein jour</translation>
    </message>
    <message>
        <source>S&amp;ky light</source>
        <translation>Lumière du &amp;ciel</translation>
    </message>
    <message>
        <source>Light from the whole sky; 1 is natural. It brightens what is open and leaves valleys dark.</source>
        <translation>Lumière de tout le ciel ; 1 est naturel. Elle éclaire ce qui est ouvert et laisse les vallées sombres.</translation>
    </message>
    <message>
        <source>Exposure</source>
        <translation>Exposition</translation>
    </message>
    <message>
        <source>Brightness of the whole picture; 2 is twice as bright</source>
        <translation>Luminosité de toute l'image ; 2 est deux fois plus clair</translation>
    </message>
    <message>
        <source>&amp;Heading</source>
        <translation>&amp;Cap</translation>
    </message>
    <message>
        <source>Direction you look to, clockwise from north</source>
        <translation>Direction du regard, dans le sens horaire depuis le nord</translation>
    </message>
    <message>
        <source>P&amp;itch</source>
        <translation>I&amp;nclinaison</translation>
    </message>
    <message>
        <source>How far you look down: 0 level, 90 from above</source>
        <translation>Inclinaison du regard : 0 à l'horizontale, 90 d'en haut</translation>
    </message>
    <message>
        <source>Zoom</source>
        <translation>Zoom</translation>
    </message>
    <message>
        <source>Magnification: 1 fits the whole DEM, 2 makes it twice as large</source>
        <translation>Grossissement : 1 montre tout le MNT, 2 le montre deux fois plus grand</translation>
    </message>
    <message>
        <source>Field of view</source>
        <translation>Champ de vision</translation>
    </message>
    <message>
        <source>Vertical opening of the perspective; 35 looks natural</source>
        <translation>Ouverture verticale de la perspective ; 35 paraît naturel</translation>
    </message>
    <message>
        <source>{size} in {bands} bands, about {time}</source>
        <translation>{size} en {bands} bandes, environ {time}</translation>
    </message>
    <message>
        <source>{size} in one band, about {time}</source>
        <translation>{size} en une bande, environ {time}</translation>
    </message>
    <message>
        <source>Draft</source>
        <translation>Brouillon</translation>
    </message>
    <message>
        <source>A quick look: half the size, few samples, coarse heights</source>
        <translation>Un aperçu rapide : moitié de la taille, peu d’échantillons, altitudes grossières</translation>
    </message>
    <message>
        <source>Balanced</source>
        <translation>Équilibrée</translation>
    </message>
    <message>
        <source>For the screen: smooth, with heights of up to 4096×4096</source>
        <translation>Pour l’écran : lisse, avec des altitudes jusqu’à 4096×4096</translation>
    </message>
    <message>
        <source>High quality</source>
        <translation>Haute qualité</translation>
    </message>
    <message>
        <source>Soft light without grain, with heights of up to 8192×8192</source>
        <translation>Lumière douce sans grain, avec des altitudes jusqu’à 8192×8192</translation>
    </message>
    <message>
        <source>Print</source>
        <translation>Impression</translation>
    </message>
    <message>
        <source>Every height that memory allows, and the most samples: takes minutes</source>
        <translation>Toutes les altitudes que la mémoire permet, et le plus d’échantillons : prend des minutes</translation>
    </message>
    <message>
        <source>Forge3D Relief</source>
        <translation>Relief Forge3D</translation>
    </message>
    <message>
        <source>Forge3D</source>
        <translation>Forge3D</translation>
    </message>
    <message>
        <source>CPU preview</source>
        <translation>Aperçu CPU</translation>
    </message>
    <message>
        <source>The compiled part is missing: a hillshade from above is shown instead.</source>
        <translation>La partie compilée manque : un ombrage vu de dessus est affiché.</translation>
    </message>
    <message>
        <source>No relief yet</source>
        <translation>Pas encore de relief</translation>
    </message>
    <message>
        <source>Select a raster layer of heights (a DEM) and choose Render selected layer.</source>
        <translation>Sélectionnez une couche raster d’altitudes (un MNT), puis « Dessiner la couche sélectionnée ».</translation>
    </message>
    <message>
        <source>Drag a rectangle on the map canvas. Esc keeps the area as it is.</source>
        <translation>Tracez un rectangle sur la carte. Échap garde la zone telle quelle.</translation>
    </message>
    <message>
        <source>Drawn at 1:{divisor} to stay within the memory budget</source>
        <translation>Dessiné au 1:{divisor} pour tenir dans le budget mémoire</translation>
    </message>
    <message>
        <source>Reading the heights…</source>
        <translation>Lecture des altitudes…</translation>
    </message>
    <message>
        <source>This layer is not a DEM</source>
        <translation>Cette couche n’est pas un MNT</translation>
    </message>
    <message>
        <source>{x}, {y} · {height} m</source>
        <translation>{x}, {y} · {height} m</translation>
    </message>
    <message>
        <source>The area does not overlap “{name}”. Choose another area, or the whole layer.</source>
        <translation>La zone ne recouvre pas « {name} ». Choisissez une autre zone ou toute la couche.</translation>
    </message>
    <message>
        <source>Open</source>
        <translation>Ouvrir</translation>
    </message>
    <message>
        <source>Show folder</source>
        <translation>Ouvrir le dossier</translation>
    </message>
    <message>
        <source>The picture is on the clipboard.</source>
        <translation>L’image est dans le presse-papiers.</translation>
    </message>
    <message>
        <source>An export is under way. Wait for it, or cancel it in the status bar.</source>
        <translation>Un export est en cours. Attendez-le ou annulez-le dans la barre d’état.</translation>
    </message>
    <message>
        <source>The compiled part is missing: only the CPU preview can be copied.</source>
        <translation>La partie compilée manque : seul l’aperçu CPU peut être copié.</translation>
    </message>
    <message>
        <source>The export was cancelled. Nothing was written.</source>
        <translation>L’export a été annulé. Rien n’a été écrit.</translation>
    </message>
    <message>
        <source>Exporting {name}</source>
        <translation>Export de {name}</translation>
    </message>
    <message>
        <source>Exported to {path}</source>
        <translation>Exporté vers {path}</translation>
    </message>
    <message>
        <source>New layout</source>
        <translation>Nouvelle mise en page</translation>
    </message>
    <message>
        <source>Export failed: {reason}</source>
        <translation>Échec de l’export : {reason}</translation>
    </message>
    <message>
        <source>Export View as PNG</source>
        <translation>Exporter la vue en PNG</translation>
    </message>
    <message>
        <source>Custom</source>
        <translation>Personnalisé</translation>
    </message>
    <message>
        <source>Keep the shape of the view: width and height change together</source>
        <translation>Garder la forme de la vue : largeur et hauteur changent ensemble</translation>
    </message>
    <message>
        <source>&amp;Transparent background</source>
        <translation>Fond &amp;transparent</translation>
    </message>
    <message>
        <source>Nothing behind the terrain, for use over other pictures</source>
        <translation>Rien derrière le terrain, pour superposer à d’autres images</translation>
    </message>
    <message>
        <source>PNG pictures (*.png)</source>
        <translation>Images PNG (*.png)</translation>
    </message>
    <message>
        <source>Si&amp;ze</source>
        <translation>&amp;Taille</translation>
    </message>
    <message>
        <source>Common sizes; the picture shows what the view shows</source>
        <translation>Tailles courantes ; l’image montre ce que montre la vue</translation>
    </message>
    <message>
        <source>Pixels</source>
        <translation>Pixels</translation>
    </message>
    <message>
        <source>Sa&amp;mples</source>
        <translation>Échan&amp;tillons</translation>
    </message>
    <message>
        <source>&amp;Resolution</source>
        <translation>&amp;Résolution</translation>
    </message>
    <message>
        <source>Pixels an inch, 30 to 2400, written into the file</source>
        <translation>Pixels par pouce, 30 à 2400, inscrits dans le fichier</translation>
    </message>
    <message>
        <source>&amp;File</source>
        <translation>&amp;Fichier</translation>
    </message>
    <message>
        <source>Where the picture goes; it appears when it is complete</source>
        <translation>Où va l’image ; elle apparaît une fois complète</translation>
    </message>
    <message>
        <source>&amp;Export</source>
        <translation>&amp;Exporter</translation>
    </message>
    <message>
        <source>As the view</source>
        <translation>Comme la vue</translation>
    </message>
    <message>
        <source>A4 at 300 dpi</source>
        <translation>A4 à 300 ppp</translation>
    </message>
    <message>
        <source>A3 at 300 dpi</source>
        <translation>A3 à 300 ppp</translation>
    </message>
    <message>
        <source>Choose a file in a folder that exists</source>
        <translation>Choisissez un fichier dans un dossier existant</translation>
    </message>
    <message>
        <source>Rays a pixel, 1 to {limit}: 1 is a sketch, 16 smooth, 64 for print. Time grows with them.</source>
        <translation>Rayons par pixel, 1 à {limit} : 1 est une esquisse, 16 lisse, 64 pour l’impression. La durée croît avec eux.</translation>
    </message>
    <message>
        <source>Pixels, 1 to {limit}</source>
        <translation>Pixels, 1 à {limit}</translation>
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
        <translation>{factor} fois la vue</translation>
    </message>
    <message>
        <source>Preparing the CPU preview</source>
        <translation>Préparation de l’aperçu CPU</translation>
    </message>
    <message>
        <source>Relief: sun, shadows and sky</source>
        <translation>Relief : soleil, ombres et ciel</translation>
    </message>
    <message>
        <source>Hillshade: grey, after Horn</source>
        <translation>Ombrage : gris, d’après Horn</translation>
    </message>
    <message>
        <source>As fine as memory allows</source>
        <translation>Aussi fin que la mémoire le permet</translation>
    </message>
    <message>
        <source>All heights that fit the memory, and the samples of the options</source>
        <translation>Toutes les altitudes qui tiennent en mémoire, et les échantillons des options</translation>
    </message>
    <message>
        <source>{low} to {high}, default {default}</source>
        <translation>{low} à {high}, {default} par défaut</translation>
    </message>
    <message>
        <source>{samples} samples a pixel</source>
        <translation>{samples} échantillons par pixel</translation>
    </message>
    <message>
        <source>Heights</source>
        <translation>Altitudes</translation>
    </message>
    <message>
        <source>Picture</source>
        <translation>Image</translation>
    </message>
    <message>
        <source>Colours</source>
        <translation>Couleurs</translation>
    </message>
    <message>
        <source>Map</source>
        <translation>Carte</translation>
    </message>
    <message>
        <source>Upload</source>
        <translation>Envoi</translation>
    </message>
    <message>
        <source>Heights in Python</source>
        <translation>Altitudes en Python</translation>
    </message>
    <message>
        <source>Map in Python</source>
        <translation>Carte en Python</translation>
    </message>
    <message>
        <source>Picture in Python</source>
        <translation>Image en Python</translation>
    </message>
    <message>
        <source>Memory of the renderer</source>
        <translation>Mémoire du moteur de rendu</translation>
    </message>
    <message>
        <source>The budget is set in Settings ▸ Options ▸ Forge3D.</source>
        <translation>Le budget se règle dans Préférences ▸ Options ▸ Forge3D.</translation>
    </message>
    <message>
        <source>software</source>
        <translation>logiciel</translation>
    </message>
    <message>
        <source>No graphics card is used: the processor draws. It works everywhere and is slower.</source>
        <translation>Sans carte graphique : le processeur dessine. Cela marche partout, plus lentement.</translation>
    </message>
    <message>
        <source>{held} of {limit} in use ({share} %)</source>
        <translation>{held} sur {limit} utilisés ({share} %)</translation>
    </message>
    <message>
        <source>Highest so far: {peak}</source>
        <translation>Maximum atteint : {peak}</translation>
    </message>
    <message>
        <source>{done} of {wanted} samples</source>
        <translation>{done} échantillons sur {wanted}</translation>
    </message>
    <message>
        <source>In Python, beside the budget: {size}</source>
        <translation>En Python, hors budget : {size}</translation>
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
        <translation>Aucune couche raster</translation>
    </message>
    <message>
        <source>Raster layer of heights that is shown</source>
        <translation>Couche raster d’altitudes affichée</translation>
    </message>
    <message>
        <source>Layer</source>
        <translation>Couche</translation>
    </message>
    <message>
        <source>Keep this layer when another one becomes active</source>
        <translation>Garder cette couche quand une autre devient active</translation>
    </message>
    <message>
        <source>Read and render again (F5)</source>
        <translation>Relire et redessiner (F5)</translation>
    </message>
    <message>
        <source>Show everything (Home)</source>
        <translation>Tout afficher (Début)</translation>
    </message>
    <message>
        <source>Named views of this project</source>
        <translation>Vues nommées de ce projet</translation>
    </message>
    <message>
        <source>Copy the picture to the clipboard</source>
        <translation>Copier l’image dans le presse-papiers</translation>
    </message>
    <message>
        <source>Add the picture to a print layout</source>
        <translation>Ajouter l’image à une mise en page</translation>
    </message>
    <message>
        <source>Export the view as a PNG picture…</source>
        <translation>Exporter la vue en image PNG…</translation>
    </message>
    <message>
        <source>The driver's checks begin when QGIS starts the next time.</source>
        <translation>Les contrôles du pilote commencent au prochain démarrage de QGIS.</translation>
    </message>
    <message>
        <source>QGIS ended the last time while the graphics device was being made. Software is used this time; choose the adapter in Settings ▸ Options ▸ Forge3D.</source>
        <translation>QGIS s’est arrêté la dernière fois pendant l’initialisation graphique. Le rendu logiciel est utilisé cette fois ; choisissez l’adaptateur dans Préférences ▸ Options ▸ Forge3D.</translation>
    </message>
    <message>
        <source>The graphics device was lost again and again. The processor draws from now on; choose the adapter in Settings ▸ Options ▸ Forge3D to try it again.</source>
        <translation>Le périphérique graphique a été perdu plusieurs fois. Le processeur dessine désormais ; choisissez l’adaptateur dans Préférences ▸ Options ▸ Forge3D pour réessayer.</translation>
    </message>
    <message>
        <source>The graphics device was lost. Another one has drawn the picture anew.</source>
        <translation>Le périphérique graphique a été perdu. Un autre a redessiné l’image.</translation>
    </message>
    <message>
        <source>The chosen adapter “{chosen}” is not here: drawn with {used}.</source>
        <translation>L'adaptateur choisi « {chosen} » n'est pas là : dessiné avec {used}.</translation>
    </message>
    <message>
        <source>Copy &amp;diagnostics</source>
        <translation>Copier le &amp;diagnostic</translation>
    </message>
    <message>
        <source>How to &amp;install</source>
        <translation>Comment &amp;installer</translation>
    </message>
    <message>
        <source>&amp;Try again</source>
        <translation>&amp;Réessayer</translation>
    </message>
    <message>
        <source>No graphics adapter can be used, not even in software. The picture is a hillshade from above.</source>
        <translation>Aucun adaptateur graphique n’est utilisable, même logiciel. L’image est un ombrage vu de dessus.</translation>
    </message>
    <message>
        <source>Another version of the renderer is still loaded. Restart QGIS to finish the update.</source>
        <translation>Une autre version du moteur est encore chargée. Redémarrez QGIS pour terminer la mise à jour.</translation>
    </message>
    <message>
        <source>The compiled part of Forge3D is not there, or not for this system. The picture is a hillshade from above.</source>
        <translation>La partie compilée de Forge3D manque ou n’est pas pour ce système. L’image est un ombrage vu de dessus.</translation>
    </message>
    <message>
        <source>Renderer</source>
        <translation>Moteur de rendu</translation>
    </message>
    <message>
        <source>Automatic</source>
        <translation>Automatique</translation>
    </message>
    <message>
        <source>Memory &amp;budget</source>
        <translation>&amp;Budget mémoire</translation>
    </message>
    <message>
        <source>Most memory the renderer may hold, in MiB. Larger rasters are averaged to fit. Automatic follows the adapter: half of a graphics card's own memory, or a part of the free memory that it shares.</source>
        <translation>Mémoire maximale du moteur de rendu, en Mio. Les rasters plus grands sont moyennés pour y tenir. Automatique suit l’adaptateur : la moitié de la mémoire propre d’une carte graphique, ou une part de la mémoire libre qu’il partage.</translation>
    </message>
    <message>
        <source>&amp;Adapter</source>
        <translation>&amp;Adaptateur</translation>
    </message>
    <message>
        <source>What draws the picture</source>
        <translation>Ce qui dessine l’image</translation>
    </message>
    <message>
        <source>&amp;Samples of the preview</source>
        <translation>É&amp;chantillons de l’aperçu</translation>
    </message>
    <message>
        <source>Diagnostics</source>
        <translation>Diagnostic</translation>
    </message>
    <message>
        <source>&amp;Log</source>
        <translation>&amp;Journal</translation>
    </message>
    <message>
        <source>What the renderer writes to the log panel “Forge3D”, at once. The environment variable FORGE3D_LOG goes before it.</source>
        <translation>Ce que le moteur écrit dans le panneau de journal « Forge3D », dès maintenant. La variable d’environnement FORGE3D_LOG est prioritaire.</translation>
    </message>
    <message>
        <source>&amp;Check every call to the graphics driver (slow)</source>
        <translation>&amp;Contrôler chaque appel au pilote graphique (lent)</translation>
    </message>
    <message>
        <source>Vulkan's validation layer or Direct3D's debug layer, from the next start of QGIS on. What they find goes to the log panel. A layer that is not installed is told there, and drawing goes on without it.</source>
        <translation>La couche de validation de Vulkan ou la couche de débogage de Direct3D, à partir du prochain démarrage de QGIS. Ce qu’elles trouvent va dans le panneau de journal. Une couche absente y est signalée, et le dessin continue sans elle.</translation>
    </message>
    <message>
        <source>This takes effect when QGIS starts the next time.</source>
        <translation>Cela prend effet au prochain démarrage de QGIS.</translation>
    </message>
    <message>
        <source>C&amp;opy</source>
        <translation>C&amp;opier</translation>
    </message>
    <message>
        <source>&amp;Facts to copy into a bug report:</source>
        <translation>&amp;Informations à copier dans un rapport de bogue :</translation>
    </message>
    <message>
        <source>Automatic: the fastest there is</source>
        <translation>Automatique : le plus rapide disponible</translation>
    </message>
    <message>
        <source>Graphics card only</source>
        <translation>Carte graphique seulement</translation>
    </message>
    <message>
        <source>Software: the processor</source>
        <translation>Logiciel : le processeur</translation>
    </message>
    <message>
        <source>Nothing</source>
        <translation>Rien</translation>
    </message>
    <message>
        <source>Errors</source>
        <translation>Erreurs</translation>
    </message>
    <message>
        <source>Warnings</source>
        <translation>Avertissements</translation>
    </message>
    <message>
        <source>Normal</source>
        <translation>Normal</translation>
    </message>
    <message>
        <source>Details</source>
        <translation>Détails</translation>
    </message>
    <message>
        <source>Everything</source>
        <translation>Tout</translation>
    </message>
    <message>
        <source>Rays a pixel at which the picture is done, 1 to {limit}. Fewer are sooner done, more are smoother.</source>
        <translation>Rayons par pixel auxquels l’image est finie, 1 à {limit}. Moins va plus vite, plus est plus lisse.</translation>
    </message>
    <message>
        <source>N</source>
        <translation>N</translation>
    </message>
    <message>
        <source>Back to the default</source>
        <translation>Revenir à la valeur par défaut</translation>
    </message>
    <message>
        <source>&amp;Quality</source>
        <translation>&amp;Qualité</translation>
    </message>
    <message>
        <source>How finely heights are read and the picture is drawn. More takes more memory and time.</source>
        <translation>Finesse de lecture des altitudes et de dessin de l’image. Plus demande plus de mémoire et de temps.</translation>
    </message>
    <message>
        <source>Terrain</source>
        <translation>Terrain</translation>
    </message>
    <message>
        <source>&amp;Band</source>
        <translation>&amp;Bande</translation>
    </message>
    <message>
        <source>Band of the raster that holds the heights</source>
        <translation>Bande du raster qui contient les altitudes</translation>
    </message>
    <message>
        <source>Draw the rectangle on the map canvas</source>
        <translation>Tracer le rectangle sur la carte</translation>
    </message>
    <message>
        <source>&amp;Area</source>
        <translation>&amp;Zone</translation>
    </message>
    <message>
        <source>Part of the layer to render. Less area shows more detail of a large raster.</source>
        <translation>Partie de la couche à dessiner. Une zone plus petite montre plus de détails d’un grand raster.</translation>
    </message>
    <message>
        <source>Light</source>
        <translation>Lumière</translation>
    </message>
    <message>
        <source>&amp;Cast shadows</source>
        <translation>Ombres &amp;portées</translation>
    </message>
    <message>
        <source>Whether mountains throw shadows on the land behind them. On by default.</source>
        <translation>Si les montagnes projettent une ombre sur le terrain derrière elles. Activé par défaut.</translation>
    </message>
    <message>
        <source>Colou&amp;rs</source>
        <translation>Couleu&amp;rs</translation>
    </message>
    <message>
        <source>What colours the terrain: the layer's own style, a colour ramp over the heights, or a map laid over it</source>
        <translation>Ce qui colore le terrain : le style de la couche, un dégradé selon l’altitude ou une carte drapée</translation>
    </message>
    <message>
        <source>Ram&amp;p</source>
        <translation>Dé&amp;gradé</translation>
    </message>
    <message>
        <source>Colours from the lowest to the highest point; the arrow opens QGIS's ramps</source>
        <translation>Couleurs du point le plus bas au plus haut ; la flèche ouvre les dégradés de QGIS</translation>
    </message>
    <message>
        <source>The&amp;me</source>
        <translation>Thè&amp;me</translation>
    </message>
    <message>
        <source>Map theme of this project that is laid over the terrain</source>
        <translation>Thème de carte de ce projet drapé sur le terrain</translation>
    </message>
    <message>
        <source>S&amp;urface style</source>
        <translation>St&amp;yle de surface</translation>
    </message>
    <message>
        <source>A text of your own or an example that colours the ground, over the ramp and below a map</source>
        <translation>Un texte de votre main ou un exemple qui colore le sol, sur le dégradé et sous une carte</translation>
    </message>
    <message>
        <source>Sha&amp;ding</source>
        <translation>Om&amp;brage</translation>
    </message>
    <message>
        <source>Relief computes light; Hillshade is the classical grey picture, the same as gdaldem's</source>
        <translation>Relief calcule la lumière ; Ombrage est l’image grise classique, celle de gdaldem</translation>
    </message>
    <message>
        <source>Background</source>
        <translation>Fond</translation>
    </message>
    <message>
        <source>&amp;Transparent</source>
        <translation>&amp;Transparent</translation>
    </message>
    <message>
        <source>Nothing behind the terrain: the picture is transparent there. Off by default.</source>
        <translation>Rien derrière le terrain : l’image y est transparente. Désactivé par défaut.</translation>
    </message>
    <message>
        <source>Back&amp;ground</source>
        <translation>&amp;Fond</translation>
    </message>
    <message>
        <source>Colour behind the terrain</source>
        <translation>Couleur derrière le terrain</translation>
    </message>
    <message>
        <source>View</source>
        <translation>Vue</translation>
    </message>
    <message>
        <source>Pro&amp;jection</source>
        <translation>Pro&amp;jection</translation>
    </message>
    <message>
        <source>Perspective as the eye sees, or orthographic: equal lengths stay equal over the whole picture</source>
        <translation>Perspective comme l’œil voit, ou orthographique : les longueurs égales le restent dans toute l’image</translation>
    </message>
    <message>
        <source>No map theme in this project</source>
        <translation>Aucun thème de carte dans ce projet</translation>
    </message>
    <message>
        <source>Whole layer</source>
        <translation>Toute la couche</translation>
    </message>
    <message>
        <source>Map canvas extent</source>
        <translation>Emprise de la carte</translation>
    </message>
    <message>
        <source>Drawn rectangle</source>
        <translation>Rectangle tracé</translation>
    </message>
    <message>
        <source>Style of the layer</source>
        <translation>Style de la couche</translation>
    </message>
    <message>
        <source>Colour ramp</source>
        <translation>Dégradé de couleurs</translation>
    </message>
    <message>
        <source>Drape the map canvas</source>
        <translation>Draper la carte</translation>
    </message>
    <message>
        <source>Drape a map theme</source>
        <translation>Draper un thème de carte</translation>
    </message>
    <message>
        <source>Perspective</source>
        <translation>Perspective</translation>
    </message>
    <message>
        <source>Orthographic: no foreshortening</source>
        <translation>Orthographique : sans raccourci</translation>
    </message>
    <message>
        <source>3D relief</source>
        <translation>Relief 3D</translation>
    </message>
    <message>
        <source>Left drag orbits, right drag or Shift+drag pans over the ground, the wheel zooms to the cursor, a double click recentres. Keys: arrows, + and −, N north, T from above, Home for everything.</source>
        <translation>Glisser à gauche tourne, à droite ou avec Maj déplace, la molette zoome vers le curseur, un double-clic recentre. Touches : flèches, + et −, N nord, T de dessus, Début pour tout.</translation>
    </message>
    <message>
        <source>Turn the view to north (N)</source>
        <translation>Tourner la vue vers le nord (N)</translation>
    </message>
    <message>
        <source>Colours of the heights</source>
        <translation>Couleurs des altitudes</translation>
    </message>
    <message>
        <source>Nothing to render there</source>
        <translation>Rien à dessiner là</translation>
    </message>
    <message>
        <source>Memory is short: less detail is drawn until there is room again.</source>
        <translation>La mémoire manque : le dessin est moins détaillé jusqu’à ce qu’il y ait de nouveau de la place.</translation>
    </message>
    <message>
        <source>The picture cannot be drawn</source>
        <translation>L’image ne peut pas être dessinée</translation>
    </message>
    <message>
        <source>The budget is set in Settings ▸ Options ▸ Forge3D. A smaller area needs less, too.</source>
        <translation>Le budget se règle dans Préférences ▸ Options ▸ Forge3D. Une zone plus petite demande moins, aussi.</translation>
    </message>
    <message>
        <source>map</source>
        <translation>carte</translation>
    </message>
    <message>
        <source>heights</source>
        <translation>altitudes</translation>
    </message>
    <message>
        <source>picture</source>
        <translation>image</translation>
    </message>
    <message>
        <source>No picture</source>
        <translation>Pas d’image</translation>
    </message>
    <message>
        <source>Reading was cancelled</source>
        <translation>La lecture a été annulée</translation>
    </message>
    <message>
        <source>Render the layer again when you like.</source>
        <translation>Redessinez la couche quand vous voulez.</translation>
    </message>
    <message>
        <source>The heights cannot be read</source>
        <translation>Les altitudes ne peuvent pas être lues</translation>
    </message>
    <message>
        <source>Details are in the log panel “Forge3D”.</source>
        <translation>Les détails sont dans le journal « Forge3D ».</translation>
    </message>
    <message>
        <source>exaggeration {factor}</source>
        <translation>exagération {factor}</translation>
    </message>
    <message>
        <source>The map cannot be draped: {reason}</source>
        <translation>La carte ne peut pas être drapée : {reason}</translation>
    </message>
    <message>
        <source>{cols}×{rows} read whole</source>
        <translation>{cols}×{rows} lus en entier</translation>
    </message>
    <message>
        <source>{what} at 1:{divisor}, memory is short</source>
        <translation>{what} au 1:{divisor}, la mémoire manque</translation>
    </message>
    <message>
        <source>Open the folder of your own styles</source>
        <translation>Ouvrir le dossier de vos styles</translation>
    </message>
    <message>
        <source>What is wrong with the surface style</source>
        <translation>Ce qui est faux dans le style de surface</translation>
    </message>
    <message>
        <source>None</source>
        <translation>Aucun</translation>
    </message>
    <message>
        <source>{name} (of the project)</source>
        <translation>{name} (du projet)</translation>
    </message>
    <message>
        <source>Sun position</source>
        <translation>Position du soleil</translation>
    </message>
    <message>
        <source>Sun position. Drag the sun: the direction is its azimuth (0–360°, clockwise from north), the distance from the centre its altitude (90° overhead in the centre, 0° on the rim). Arrow keys move it by 5°, with Shift by 1°. Double click: 315° / 45°.</source>
        <translation>Position du soleil. Faites glisser le soleil : la direction est son azimut (0–360°, sens horaire depuis le nord), la distance au centre sa hauteur (90° au zénith au centre, 0° au bord). Les flèches le déplacent de 5°, avec Maj de 1°. Double-clic : 315° / 45°.</translation>
    </message>
    <message>
        <source>E</source>
        <translation>E</translation>
    </message>
    <message>
        <source>S</source>
        <translation>S</translation>
    </message>
    <message>
        <source>W</source>
        <translation>O</translation>
    </message>
    <message>
        <source>Reading heights of “{name}”</source>
        <translation>Lecture des altitudes de « {name} »</translation>
    </message>
    <message>
        <source>Copy view</source>
        <translation>Copier la vue</translation>
    </message>
    <message>
        <source>Copy this view as a scene file, for the command line's --scene</source>
        <translation>Copier cette vue comme fichier de scène, pour --scene de la ligne de commande</translation>
    </message>
    <message>
        <source>The view is on the clipboard: a scene file for the command line's --scene.</source>
        <translation>La vue est dans le presse-papiers : un fichier de scène pour --scene de la ligne de commande.</translation>
    </message>
    <message>
        <source>Save this view</source>
        <translation>Enregistrer cette vue</translation>
    </message>
    <message>
        <source>Name of the view:</source>
        <translation>Nom de la vue :</translation>
    </message>
    <message>
        <source>Rename view</source>
        <translation>Renommer la vue</translation>
    </message>
    <message>
        <source>Rename</source>
        <translation>Renommer</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>Supprimer</translation>
    </message>
    <message>
        <source>The map laid over the terrain is left out; a colour ramp takes its place.</source>
        <translation>La carte drapée est laissée de côté ; un dégradé de couleurs la remplace.</translation>
    </message>
    <message>
        <source>New name of “{name}”:</source>
        <translation>Nouveau nom de « {name} » :</translation>
    </message>
    <message>
        <source>Save this view…</source>
        <translation>Enregistrer cette vue…</translation>
    </message>
    <message>
        <source>No layer is selected. Select a raster layer of heights (a DEM) in the Layers panel.</source>
        <translation>Aucune couche sélectionnée. Sélectionnez une couche raster d’altitudes (un MNT) dans le panneau Couches.</translation>
    </message>
    <message>
        <source>“{name}” is not a raster. A relief needs a raster layer of heights (a DEM).</source>
        <translation>« {name} » n’est pas un raster. Un relief demande une couche raster d’altitudes (un MNT).</translation>
    </message>
    <message>
        <source>“{name}” cannot be read: its source is missing or broken. Repair the layer's data source.</source>
        <translation>« {name} » ne peut pas être lu : sa source manque ou est abîmée. Réparez la source de données de la couche.</translation>
    </message>
    <message>
        <source>“{name}” is a picture from a server, without heights. A DEM as a file or by WCS would do.</source>
        <translation>« {name} » est une image d’un serveur, sans altitudes. Un MNT en fichier ou par WCS conviendrait.</translation>
    </message>
    <message>
        <source>“{name}” holds complex numbers. A relief needs one band of real heights.</source>
        <translation>« {name} » contient des nombres complexes. Un relief demande une bande d’altitudes réelles.</translation>
    </message>
    <message>
        <source>“{name}” is a colour picture (red, green, blue). A relief needs a band of heights.</source>
        <translation>« {name} » est une image en couleurs (rouge, vert, bleu). Un relief demande une bande d’altitudes.</translation>
    </message>
    <message>
        <source>source without a size of its own, read as {held}</source>
        <translation>source sans taille propre, lue en {held}</translation>
    </message>
    <message>
        <source>“{name}” could not be read: {reason}. Check the connection or the file.</source>
        <translation>« {name} » n’a pas pu être lu : {reason}. Vérifiez la connexion ou le fichier.</translation>
    </message>
    <message>
        <source>the provider gave no heights</source>
        <translation>le fournisseur n’a pas donné d’altitudes</translation>
    </message>
    <message>
        <source>Render selected layer</source>
        <translation>Dessiner la couche sélectionnée</translation>
    </message>
    <message>
        <source>Render the selected layer as a 3D relief</source>
        <translation>Dessiner la couche sélectionnée en relief 3D</translation>
    </message>
    <message>
        <source>Show panel</source>
        <translation>Afficher le panneau</translation>
    </message>
</context>
</TS>
