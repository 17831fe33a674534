"""One file a talk, found by its ``TALK``."""
