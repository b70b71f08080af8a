"""The decisions: pure, without I/O or a clock."""
