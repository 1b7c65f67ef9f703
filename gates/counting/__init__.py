"""What is counted in a window, and what that is worth as evidence."""
