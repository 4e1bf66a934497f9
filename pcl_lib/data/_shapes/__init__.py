"""One file per synthetic family: ``build(rng)`` returns its named closed parts, Z up, facing +X."""
