"""Confidence intervals over independent replications."""
