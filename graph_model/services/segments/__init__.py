"""Segments (用户群): named, versioned filters over tags, properties and the graph; who is in them, counted and handed out through the gate."""
