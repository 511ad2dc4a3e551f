"""What the panel measures, and which published series measure it, best first.

Where two sources publish the same series (payrolls in RTDSM and in FRED-MD) the one with the newer data is read, on a
tie the earlier one here. ``lag`` is the usual number of months from a period to its release, used only before a
series' first vintage. Belongs here: names and lags. Not here: reading (``store``) or transforming (``features``).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Concept:
    """One quantity of the panel.

    Parameters
    ----------
    name
        Short name used in features.
    series
        Series ids that publish it, best first; of any source.
    log
        Whether growth is of logarithms (a positive level) or of the value itself (a rate in percent).
    lag
        Usual months from a period to its release.
    """

    name: str
    series: tuple[str, ...]
    log: bool = True
    lag: int = 1


SOURCES = ("rtdsm", "fred-md")
"""Sources in order of preference; any other comes after these, by name."""

CONCEPTS = (
    Concept("production", ("IP_TOTAL", "IPT", "INDPRO")),
    Concept("manufacturing", ("IP_MFG", "IPM", "IPMANSICS", "CUMFNS")),
    Concept("payrolls", ("PAYROLLS", "EMPLOY", "PAYEMS")),
    Concept("hours", ("HOURS", "H", "AWHMAN")),
    Concept("claims", ("CLAIMSx",)),
    Concept("permits", ("PERMIT",)),
    Concept("starts", ("HSTARTS", "HOUST")),
    Concept("equity", ("S&P 500", "SP500")),
    Concept("unemployment", ("UNRATE", "UNEMP_RATE", "RUC"), log=False),
    Concept("gs10", ("GS10",), log=False),
    Concept("tb3ms", ("TB3MS",), log=False),
    Concept("fedfunds", ("FEDFUNDS",), log=False),
)

BY_NAME = {concept.name: concept for concept in CONCEPTS}
