"""Lists in and out: files and pages of rows to evidence, and consents and evidence to files."""
