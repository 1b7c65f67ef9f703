"""The parts of the screen, one a file. Each gives lines of at most its width, and no more than its rows."""
