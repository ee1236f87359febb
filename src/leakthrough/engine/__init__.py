"""The simulation: lowering to arrays, the compiled kernel, blocks of replications."""
