"""Everything that observes a cluster: history, meters, views and the sentences about them."""
