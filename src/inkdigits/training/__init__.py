"""Training, measuring and exporting the networks. Needs `pip install 'inkdigits[train]'`; reading does not."""
