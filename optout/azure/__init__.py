"""What Azure sends us, and what we send to Azure."""
