"""Scoring: features as of a moment, rings, models and calibration, from arrays that the store exports. torch loads lazily."""
