"""The simulator against the exact models: ``python -m leakthrough.verify``."""
