"""The store at scale: Azure Table Storage."""
