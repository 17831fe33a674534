"""A run: what it starts from, what is done to it, its lanes, its time line, the catalogue."""
