"""The package's logger. Its name is part of the contract: applications configure it."""

import logging

logger = logging.getLogger("fastapi")
