"""A page as a whole: where its sheet lies in a photograph, and in what order and which rows and columns its fields stand."""
