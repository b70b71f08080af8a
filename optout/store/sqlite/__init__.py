"""The store on one machine: SQLite."""
