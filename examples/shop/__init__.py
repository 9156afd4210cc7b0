"""A small shop: accounts, items and orders, with a live feed. `ferroapi run examples/shop/main.py`."""
