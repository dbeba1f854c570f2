"""When: times to an event, of persons who are followed for unequal times."""
