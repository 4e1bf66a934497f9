"""Auto-encoders: one network, several distances to train it with (CALoss, Tables 1 and 4)."""
