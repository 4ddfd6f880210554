"""What `inkdigits bench` measures: a function for each family of tables, which gives them one by one as they are done."""
