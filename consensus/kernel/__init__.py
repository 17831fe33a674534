"""The kernel: nodes, the events they cause, the network between them, one loop."""
