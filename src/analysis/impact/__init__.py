"""Beyond the gaps: the scoreboard, and the financial, social and environmental bottom lines."""
