"""From estimates to figures and tables that a reader sees, in English and in French."""
