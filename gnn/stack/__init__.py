"""Stack: the gated propagation stack. Experts on propagated features of any labelled graph, weighted by a non-negative gate."""
