"""NeuralQAAD against AtlasNetV2, and each of its ingredients: the paper's Table 1, Fig. 5 and claims."""
