"""Dependency trees: how the parameters of a path operation are declared, analysed and filled."""
