"""Experiments of NeuralQAAD: Table 1, its design choices, the points of a step, and the claim at size."""
