"""What the public `routing` module is made of."""
