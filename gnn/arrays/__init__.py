"""Arrays: the graph as numpy arrays and CSR, and the compiled kernels that walk them. No model, no policy."""
