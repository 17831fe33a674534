"""The server round the simulation: sessions, the wire, Socket.IO, pages. Nothing in here knows a protocol by name."""
