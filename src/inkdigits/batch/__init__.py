"""Many pages: what is to be read, processes that read it, one row for each page."""
