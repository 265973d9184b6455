"""Other programs' formats: in, a folder that zhprep made; out, files that they read unchanged."""
