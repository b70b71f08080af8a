"""The programs: which sender belongs to which, and the check of the file that says so."""
