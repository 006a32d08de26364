"""Explanation: the ties around a customer that a score rests on, found by leaving them out."""
