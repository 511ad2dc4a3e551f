"""The catalogue of strategies: a few lines each over the engine's vocabulary, with their sources."""
