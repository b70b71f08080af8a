"""What is the own of the store in tables."""
