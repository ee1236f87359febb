"""The parts of the fluid approximation: a raid as a flow, layer by layer."""
