"""What lives in the server: a session, and a lane under a veil."""
