"""The reference engine: the same model in plain Python, the specification of the kernel."""
