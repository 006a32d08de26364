"""Scoring on arrays that the store exports: features as of a moment, rings, models, calibration. torch loads lazily."""
