"""The simulator against the exact models: ``python -m verification``."""
