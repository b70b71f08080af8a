"""What Azure says and is told."""
