"""A small shop: accounts, items and orders, with a live feed. `uvicorn shop.main:app --app-dir examples`."""
