"""What every room stands on: the database, the log, sites, access, HTTP and text."""
