# These run in the environments of their libraries, started by `make ecosystem`; the plugins change Starlette.
collect_ignore = ["own", "plugins"]
