"""Fields -> text: strips, the networks' answers decoded, the decision on them, and what of the ink they do not account for."""
