"""What the native HTTP protocol asks Python for."""
