"""Pure functions on plain data that several protocols share."""
