"""The stores, which keep evidence, consents and quarantined events."""
