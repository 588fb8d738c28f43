"""The command line: thin; each command calls the Python interface."""
