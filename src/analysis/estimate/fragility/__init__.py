"""How fragile a gap is: variables that nobody measured, and other choices of the analyst."""
