"""Nets: graph neural networks for typed graphs. torch and torch_geometric (extra `gnn`) are imported here only when a net is made."""
