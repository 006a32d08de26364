"""Features of an application as of its own moment: one code path for training rows, batch scoring and a single newcomer."""
