"""What the service does, with its store and its clock."""
