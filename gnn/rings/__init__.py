"""Rings: communities of customers who share identifiers, with an id that stays from day to day."""
