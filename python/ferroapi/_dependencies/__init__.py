"""What stands behind `dependencies.models` and `dependencies.utils`, one concern per file."""
