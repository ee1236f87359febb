"""What comes out: labelled datasets, estimates with intervals, summaries."""
