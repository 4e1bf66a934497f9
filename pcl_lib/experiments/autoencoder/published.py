"""What the papers report on auto-encoders, to stand beside our results."""

from __future__ import annotations

# CALoss, Table 4: milliseconds that a batch takes with each loss, on its authors' card. Reference: huang2023caloss.
CALOSS_MS = {"CD": 23, "EMD": 216}
