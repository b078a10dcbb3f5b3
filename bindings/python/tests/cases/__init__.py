"""The kinds of cases of the shared suite: how each is read, and judged through this package."""
