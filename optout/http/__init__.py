"""The HTTP operations, free of any web framework."""
