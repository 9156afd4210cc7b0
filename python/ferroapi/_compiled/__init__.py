"""The seam to the Rust core: what is compiled, and the Python leaves that Rust calls."""
