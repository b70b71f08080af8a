"""A deterministic simulation: one seed decides what people do, what fails, who goes on, who dies.

docs/architecture.md says what it plays and what it checks; `make simulate` runs it.
"""
