"""The parts of the page: pure functions from answers and a language to Dash components."""
