"""What the commands in script/ share. Runs on the system's Python 3 with nothing installed."""
