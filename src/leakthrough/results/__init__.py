"""Results: labelled datasets, estimates with intervals, summaries."""
