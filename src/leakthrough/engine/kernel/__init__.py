"""The compiled kernel: one block of replications of one raid. Nothing else uses numba."""
