"""Break things on purpose, safely, and score the outcome."""
