"""How it is simulated: lowering to arrays, the compiled kernel, blocks of replications."""
