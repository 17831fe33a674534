"""A run: its spec, the interventions, its lanes, its timeline, and the catalogue."""
