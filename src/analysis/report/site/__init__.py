"""The static site: what a reader without Python opens, in both languages, without a network."""
