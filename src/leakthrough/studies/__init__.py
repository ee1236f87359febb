"""Studies: many scenarios compared on common random numbers, with intervals."""
