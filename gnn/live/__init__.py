"""Live: a part of the graph held in memory for scoring single applications, kept to the last write of any process."""
