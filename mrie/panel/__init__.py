"""Phase 1: the point-in-time monthly panel, from vintages where they exist and usual release lags where not.

panel = Panel(read_interchange(path))       # or read_warehouse()
panel.frame(month)                          # every concept as known in a month
panel.provenance(month)                     # from which source, vintage and basis
feature_rows(panel, months)                 # one row a month, each from its own as-of view
"""

from mrie.panel.cycle import Recession, Turn, default_turns, labels_known, recessions, truth
from mrie.panel.features import FEATURES, FeatureRows, feature_rows
from mrie.panel.interchange import read_interchange
from mrie.panel.panel import Panel, View
from mrie.panel.raw_macro import read_warehouse

__all__ = [
    "FEATURES",
    "FeatureRows",
    "Panel",
    "Recession",
    "Turn",
    "View",
    "default_turns",
    "feature_rows",
    "labels_known",
    "read_interchange",
    "read_warehouse",
    "recessions",
    "truth",
]
