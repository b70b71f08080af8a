"""Keeping evidence, consents and quarantined events."""
