"""A strip in the dock that explains why the real renderer is not there, and what to do."""

from __future__ import annotations

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QUrl, pyqtSignal
from qgis.PyQt.QtGui import QDesktopServices, QPalette
from qgis.PyQt.QtWidgets import QApplication, QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout

from ..text import tr
from .native_host import Missing, Problem

INSTALL_PAGE = "https://github.com/forge3d-qgis/forge3d_qgis#install"


class NativeNotice(QFrame):
    retry_wanted = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("forge3dNotice")
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.ToolTipBase)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self._facts = ""
        icon = QLabel()
        icon.setPixmap(QgsApplication.getThemeIcon("/mIconWarning.svg").pixmap(18, 18))
        self.text = QLabel()
        self.text.setObjectName("forge3dNoticeText")
        self.text.setWordWrap(True)
        self.text.setForegroundRole(QPalette.ColorRole.ToolTipText)
        copy = QPushButton(tr("Copy &diagnostics"))
        copy.setObjectName("forge3dNoticeCopy")
        copy.clicked.connect(lambda: QApplication.clipboard().setText(self._facts))
        how = QPushButton(tr("How to &install"))
        how.setObjectName("forge3dNoticeInstall")
        how.clicked.connect(lambda: QDesktopServices.openUrl(QUrl(INSTALL_PAGE)))
        again = QPushButton(tr("&Try again"))
        again.setObjectName("forge3dNoticeRetry")
        again.clicked.connect(self.retry_wanted)
        words = QHBoxLayout()
        words.addWidget(icon)
        words.addWidget(self.text, 1)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        for one in (copy, how, again):
            buttons.addWidget(one)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 6, 8, 6)
        column.addLayout(words)
        column.addLayout(buttons)
        self.hide()

    def explain(self, problem: Problem, facts: str) -> None:
        """Shows what is wrong; ``facts`` are for the clipboard."""
        self._facts = facts
        words = {
            Missing.NO_DEVICE: tr(
                "No graphics adapter can be used, not even in software. The picture is a hillshade from above."
            ),
            Missing.RESTART_NEEDED: tr(
                "Another version of the renderer is still loaded. Restart QGIS to finish the update."
            ),
            Missing.NOT_INSTALLED: tr(
                "The compiled part of Forge3D is not there, or not for this system. "
                "The picture is a hillshade from above."
            ),
        }
        self.text.setText(words[problem.missing])
        self.text.setToolTip(problem.text)
        self.show()
