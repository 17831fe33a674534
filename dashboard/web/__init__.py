"""Socket.IO and HTTP."""
