"""Completing shapes: one network or several, and the losses to train them with (Landau CD, Tables II to V)."""
