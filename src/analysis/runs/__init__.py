"""Running notebooks: their parameters, their processes and the record of each run."""
