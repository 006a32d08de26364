"""Services: what the product answers, as pure functions on the store port. Whatever shows data takes the `Principal` it is shown to."""
