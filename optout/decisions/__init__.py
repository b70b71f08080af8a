"""What is decided: pure, no I/O and no clock."""
