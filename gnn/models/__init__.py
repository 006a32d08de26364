"""Models: what is learnt from feature tables, how it is split by time, calibrated, measured and kept on disk."""
