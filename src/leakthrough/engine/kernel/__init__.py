"""The compiled kernel: one block of replications of one raid; the only user of numba."""
