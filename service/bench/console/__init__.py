"""`broadsheet bench console`: every page of the console, asked in an installation of years."""
