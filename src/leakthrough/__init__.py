"""Leak-through and depletion of layered air defences."""
