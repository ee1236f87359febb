"""The same model in plain Python: the specification that the kernel must equal."""
