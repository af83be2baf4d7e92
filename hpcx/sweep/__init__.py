"""Points of a sweep: listing, running, isolation of failures, index."""
