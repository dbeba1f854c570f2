"""How time and memory grow with persons, and what runs of notebooks cost: `make bench`."""
