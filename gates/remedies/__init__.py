"""What follows a failing gate."""
