"""Resampling: new rows from between real ones of their class, and real rows made unlike themselves."""
