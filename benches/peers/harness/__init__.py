"""Side-by-side measurement of ALBERT inference engines."""
