"""Whole applications made from a seed, driven on the reference and on the candidate, and compared."""
