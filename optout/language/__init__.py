"""What a text asks for."""
