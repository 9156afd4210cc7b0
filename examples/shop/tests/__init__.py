"""Tests of the shop; each gets a database of its own."""
