"""Why a gap: what goes with who the persons are, and what remains."""
