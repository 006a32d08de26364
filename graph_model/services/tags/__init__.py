"""Tags (标签): what is known about a customer in a word, computed daily by rules over properties and the graph."""
