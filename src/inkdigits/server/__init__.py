"""The HTTP service and its page: `inkdigits serve`. Needs `inkdigits[serve]`."""
