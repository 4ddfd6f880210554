"""Fields -> text: what the writing says, and what of the ink it does not account for."""
