"""The fault campaign: real processes on one store, everything around them failing, and an oracle.

docs/architecture.md says what it injects and what it checks; `make chaos` runs it.
"""
