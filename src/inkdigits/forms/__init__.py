"""Forms: a blank -> fields by name; a filled-in page -> the value of every field. It imports nothing that only training needs."""
