"""The models that were trained: which of them serves, what their cards say, how they were promoted."""
