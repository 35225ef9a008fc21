"""What the user sees: the dock, its controls, and the thread that keeps the picture coming."""
