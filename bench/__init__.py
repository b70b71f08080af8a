"""Measured speed: each figure is a ratio to its floor in one run, because machines are noisy."""
