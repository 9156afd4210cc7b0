"""Tests of the dependency tree, most of them against the reference."""
