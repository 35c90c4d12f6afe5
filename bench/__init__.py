"""What is fast, against whom, on which data: one command, one table."""
