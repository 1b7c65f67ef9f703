"""What each gate demands and asks, in words."""
