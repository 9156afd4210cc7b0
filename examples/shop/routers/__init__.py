"""A router for each area of the shop."""
