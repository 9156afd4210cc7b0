"""Speed of this package beside the reference: in-process, under a server, and in instructions."""
