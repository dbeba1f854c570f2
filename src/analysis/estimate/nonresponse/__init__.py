"""Who answered a survey, and what those who did not may hide."""
