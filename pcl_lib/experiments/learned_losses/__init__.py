"""Losses that are trained with the network that uses them (CALoss, Tables 1 to 8)."""
