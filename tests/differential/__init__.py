"""The same application on the reference and on this package must answer the same requests the same way."""
