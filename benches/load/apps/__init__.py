"""The cases of `benches.cases` as each peer's own documentation would write them, where the peer can do them.

Each module has `APPS`, from the name of a case to what makes its application.
"""
