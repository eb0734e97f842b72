"""Input quality first: what is wrong with a sample before it is resampled."""
